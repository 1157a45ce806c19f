internal import NIOHPACK
internal import Tensors

/// A request's header fields as HTTP/2 carries them, read in one pass.
struct HTTP2RequestHead {
    private(set) var method = ""
    private(set) var target = ""
    private(set) var fields = RequestFields()
    /// Fields that only gRPC gives a meaning.
    private(set) var grpc = GRPCFields()
    /// What is wrong with the fields, where something is: it is answered once the stream is there.
    private(set) var failure: SluiceError?

    /// - Parameter identity: the names in the client's certificate, which stand in for a key that wasn't sent.
    init(_ headers: HPACKHeaders, keyField: [UInt8], identity: String? = nil) {
        do {
            for (name, value, _) in headers { try take(name, value, keyField: keyField) }
        } catch {
            failure = error
        }
        if fields.key == nil { fields.key = identity }
    }

    private mutating func take(_ name: String, _ value: String, keyField: [UInt8]) throws(SluiceError) {
        switch name {
        case ":method": method = value
        case ":path": target = value
        case ":authority", ":scheme": break
        default:
            if grpc.take(name, value) { return }
            try fields.take(name.utf8.span, value.utf8.span, keyField: keyField)
        }
    }

    /// Whether this is a gRPC call: `application/grpc`, perhaps with `+proto` or parameters.
    var isGRPC: Bool {
        guard let type = fields.contentType, type.hasPrefix("application/grpc") else { return false }
        let rest = type.utf8.dropFirst("application/grpc".utf8.count).first
        return rest == nil || rest == UInt8(ascii: "+") || rest == UInt8(ascii: ";")
    }
}
