internal import Foundation
internal import NIOCore

/// A file, or the standard input, read piece by piece.
struct InferInput: Sendable {
    private static let piece = 256 << 10

    private let handle: FileHandle
    /// Bytes that there are; `nil` where that isn't known before.
    let length: Int?

    /// - Parameter path: `-` is the standard input.
    init(_ path: String) throws {
        guard path != "-" else {
            handle = .standardInput
            length = nil
            return
        }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue,
            let handle = FileHandle(forReadingAtPath: path)
        else { throw CommandFailure("can't read \(path)") }
        self.handle = handle
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        let isFile = attributes?[.type] as? FileAttributeType == .typeRegular
        length = isFile ? (attributes?[.size] as? NSNumber)?.intValue : nil
    }

    /// What comes next; empty at the end.
    func next() throws -> ByteBuffer {
        ByteBuffer(bytes: try handle.read(upToCount: Self.piece) ?? Data())
    }
}
