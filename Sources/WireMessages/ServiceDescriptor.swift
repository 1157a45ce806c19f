package import Foundation

/// One `.proto` file as server reflection hands it out.
package struct ServiceDescriptor: Sendable {
    package let name: String
    /// The file as a serialized google.protobuf.FileDescriptorProto.
    package let descriptor: Data
    /// Full names of everything that the file declares.
    package let symbols: Set<String>

    init(name: String, base64: String, symbols: String) {
        self.name = name
        descriptor = Data(base64Encoded: base64) ?? Data()
        self.symbols = Set(symbols.split(separator: "\n").map(String.init))
    }
}
