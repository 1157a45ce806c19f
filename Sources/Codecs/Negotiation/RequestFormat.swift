internal import Tensors

/// A format that request bodies are read in.
enum RequestFormat: Sendable, Equatable {
    case json
    case csv(CSVDialect)
    case xml
    case raw
    case npy
    case npz
    case safetensors
    case tensorProto
    /// `nullsAreNaN` where the client says so.
    case arrow(nullsAreNaN: Bool)
    case multipart(boundary: String)
}

extension RequestFormat {
    /// The format that a request names in its `Content-Type`; `nil` where it names none and the body must tell.
    ///
    /// `application/x-www-form-urlencoded` names none: it is what `curl -d` sends of itself, and no model takes a form.
    ///
    /// - Throws: `unsupported_media_type`, listing what is read; `malformed_request` for a bad header.
    init?(contentType: String?, alsoRead more: [String] = []) throws(SluiceError) {
        switch contentType {
        case nil, "", "application/x-www-form-urlencoded": return nil
        case "application/json": self = .json
        case let value?:
            let mediaType = try MediaType(contentType: value)
            guard mediaType.essence != "application/x-www-form-urlencoded" else { return nil }
            self = try Self.named(mediaType, alsoRead: more)
        }
    }

    private static func named(_ mediaType: MediaType, alsoRead more: [String]) throws(SluiceError) -> RequestFormat {
        switch (mediaType.type, mediaType.subtype) {
        case ("application", "octet-stream"): return .raw
        case ("application", "x-npy"), ("application", "npy"), ("application", "vnd.numpy"): return .npy
        case ("application", "x-npz"), ("application", "npz"), ("application", "zip"): return .npz
        case ("application", "x-safetensors"), ("application", "safetensors"): return .safetensors
        case ("application", "x-protobuf"), ("application", "protobuf"):
            try requireTensorProto(mediaType)
            return .tensorProto
        case ("application", "vnd.apache.arrow.stream"), ("application", "vnd.apache.arrow.file"):
            return .arrow(nullsAreNaN: try nullsParameter(of: mediaType))
        case ("multipart", "form-data"): return .multipart(boundary: try MultipartReader.boundary(of: mediaType))
        case ("text", "csv"), ("text", "tab-separated-values"): return .csv(try CSVDialect(mediaType))
        case ("application", "json"):
            try requireUTF8(mediaType)
            return .json
        case ("application", "xml"), ("text", "xml"):
            try requireUTF8(mediaType)
            return .xml
        case ("application", let subtype) where subtype.hasSuffix("+json"):
            try requireUTF8(mediaType)
            return .json
        case ("application", let subtype) where subtype.hasSuffix("+xml"):
            try requireUTF8(mediaType)
            return .xml
        default:
            let supported = CodecRegistry.requestMediaTypes + more
            throw SluiceError(
                .unsupportedMediaType,
                """
                Content-Type \(Quote.text(mediaType.essence)) is not read here; send \
                \(supported.dropLast().joined(separator: ", ")) or \(supported.last ?? "")
                """,
                detail: [.init("supported", supported)])
        }
    }

    static func requireUTF8(_ mediaType: MediaType) throws(SluiceError) {
        guard let charset = mediaType.parameter("charset")?.lowercased() else { return }
        guard ["utf-8", "utf8", "us-ascii"].contains(charset) else {
            throw SluiceError(
                .unsupportedMediaType,
                "\(mediaType.essence) in charset \(Quote.text(charset)) is not read here; send it in utf-8")
        }
    }

    /// A message doesn't say of itself what it is, so a client may.
    private static func requireTensorProto(_ mediaType: MediaType) throws(SluiceError) {
        for name in ["type", "proto", "messagetype"] {
            guard let type = mediaType.parameter(name), type != "onnx.TensorProto" else { continue }
            throw SluiceError(
                .unsupportedMediaType,
                "\(mediaType.essence) of type \(Quote.text(type)) is not read here; onnx.TensorProto is")
        }
    }

    private static func nullsParameter(of mediaType: MediaType) throws(SluiceError) -> Bool {
        switch mediaType.parameter("nulls")?.lowercased() {
        case nil, "refused"?: return false
        case "nan"?: return true
        case let value?:
            throw SluiceError(
                .malformedRequest,
                "Content-Type \(mediaType.essence) has nulls=\(Quote.text(value)); it is \"refused\" or \"nan\"")
        }
    }
}
