internal import Gateway
internal import NIOHPACK
internal import Policies
internal import Tensors

/// A request's header fields, checked and understood: a function of its header block, the listener and the revision alone,
/// so that a block that comes again needs no second look.
final class HTTP2RequestHead {
    let method: String
    let target: String
    /// The target without its query, which may hold what isn't for the log; cut where it is very long.
    let path: String
    let fields: RequestFields
    /// Fields that only gRPC gives a meaning.
    let grpc: GRPCFields
    /// What is wrong with what the fields say, where something is: it is answered once the stream is there.
    let failure: SluiceError?
    /// Whether this is a gRPC call: `application/grpc`, perhaps with `+proto` or parameters.
    let isGRPC: Bool
    /// The method that a gRPC call is for; `nil` where there is none of that name.
    let grpcMethod: GRPCMethod?
    /// The client's own id, where it may be used.
    let requestID: String?
    /// What a request that asks for inference means, once somebody has found out.
    var meaning: HeadMeaning?
    /// What a gRPC call shows of who makes it, as a revision's policies have read it.
    var caller: (revision: Int, credentials: Credentials)?
    /// What the last gRPC call with this head asked for, in the words of a revision; the next one mostly asks the same.
    var asked: (revision: Int, request: InferenceRequest)?

    /// - Parameter peer: who is at the other end of the connection.
    /// - Throws: why this is no request at all (RFC 9113, section 8.1.1).
    init(_ headers: HPACKHeaders, known: KnownFields, peer: Peer = .unknown) throws(Malformed) {
        var reader = Reader(known: known)
        for (name, value, _) in headers { try reader.take(name, value) }
        try reader.finish()
        reader.fields.peer = peer
        method = reader.method ?? ""
        target = reader.path ?? ""
        path = String(decoding: target.utf8.prefix { $0 != UInt8(ascii: "?") }.prefix(512), as: UTF8.self)
        fields = reader.fields
        grpc = reader.grpc
        failure = reader.failure
        isGRPC = Self.isGRPC(reader.fields.contentType)
        grpcMethod = isGRPC ? GRPCMethod(rawValue: target) : nil
        requestID = fields.requestID.flatMap { RequestID.isAcceptable($0) ? $0 : nil }
    }

    /// Why header fields are no request, or no trailers.
    struct Malformed: Error, Equatable {
        let reason: String
    }

    private static func isGRPC(_ type: String?) -> Bool {
        guard let type, type.hasPrefix("application/grpc") else { return false }
        let rest = type.utf8.dropFirst("application/grpc".utf8.count).first
        return rest == nil || rest == UInt8(ascii: "+") || rest == UInt8(ascii: ";")
    }

    /// Checks the fields behind a body, which mean nothing here.
    static func check(trailers: HPACKHeaders) throws(Malformed) {
        for (name, value, _) in trailers {
            guard name.first != ":" else { throw Malformed(reason: "trailers have pseudo-header fields") }
            if let fault = HeaderFieldRules.fault(name: name, value: value) { throw Malformed(reason: fault) }
        }
    }
}

extension HTTP2RequestHead {
    /// Takes the fields in one after the other.
    private struct Reader {
        let known: KnownFields
        var method: String?
        var scheme: String?
        var path: String?
        var authority: String?
        var host: String?
        var contentLength: String?
        var sawRegular = false
        var fields = RequestFields()
        var grpc = GRPCFields()
        var failure: SluiceError?

        mutating func take(_ name: String, _ value: String) throws(Malformed) {
            if let fault = HeaderFieldRules.fault(name: name, value: value) { throw Malformed(reason: fault) }
            if name.first == ":" {
                guard !sawRegular else { throw Malformed(reason: "a pseudo-header field stands behind another field") }
                try takePseudo(name, value)
            } else {
                sawRegular = true
                try takeRegular(name, value)
            }
        }

        private mutating func takePseudo(_ name: String, _ value: String) throws(Malformed) {
            switch name {
            case ":method": try Self.once(&method, value)
            case ":scheme": try Self.once(&scheme, value)
            case ":path": try Self.once(&path, value)
            case ":authority": try Self.once(&authority, value)
            default: throw Malformed(reason: "there is a pseudo-header field that requests don't have")
            }
        }

        private static func once(_ field: inout String?, _ value: String) throws(Malformed) {
            guard field == nil else { throw Malformed(reason: "a pseudo-header field stands twice") }
            field = value
        }

        private mutating func takeRegular(_ name: String, _ value: String) throws(Malformed) {
            switch name {
            case "content-length":
                guard contentLength == nil || contentLength == value, value.utf8.span.decimal != nil else {
                    throw Malformed(reason: "content-length is not one number")
                }
                contentLength = value
            case "host":
                guard host == nil else { throw Malformed(reason: "host stands twice") }
                host = value
                // It is taken in the end, when it is known whether there is an authority.
                return
            default: break
            }
            if grpc.take(name, value) { return }
            takeMeaning(name, value)
        }

        /// What doesn't mean anything is an answer to the request, not an error of the protocol; the first one counts.
        private mutating func takeMeaning(_ name: String, _ value: String) {
            guard failure == nil else { return }
            do {
                try fields.take(name.utf8.span, value.utf8.span, known: known)
            } catch {
                failure = error
            }
        }

        /// Checks that nothing is missing.
        mutating func finish() throws(Malformed) {
            guard let method, !method.isEmpty else { throw Malformed(reason: "a request has a :method") }
            if method == "CONNECT" {
                guard scheme == nil, path == nil, authority?.isEmpty == false else {
                    throw Malformed(reason: "CONNECT has an :authority, and neither :scheme nor :path")
                }
            } else {
                guard let scheme, !scheme.isEmpty, let path, !path.isEmpty else {
                    throw Malformed(reason: "a request has a :scheme and a :path")
                }
            }
            // What a request says of whom it is for is one thing, by whichever name (RFC 9113, section 8.3.1).
            if let authority, let host, !authority.equalsIgnoringCase(host.lowercased()) {
                throw Malformed(reason: ":authority and host name two different servers")
            }
            if let named = authority ?? host { takeMeaning("host", named) }
        }
    }
}
