internal import Tensors

/// A format that request bodies are read in.
enum RequestFormat: Sendable, Equatable {
    case json
    /// `hasHeader` is `nil` where the client didn't say (RFC 4180's `header` parameter).
    case csv(hasHeader: Bool?)
    case xml
    case raw
    case npy
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
        case ("text", "csv"):
            try requireUTF8(mediaType)
            return .csv(hasHeader: try headerParameter(of: mediaType))
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

    private static func requireUTF8(_ mediaType: MediaType) throws(SluiceError) {
        guard let charset = mediaType.parameter("charset")?.lowercased() else { return }
        guard ["utf-8", "utf8", "us-ascii"].contains(charset) else {
            throw SluiceError(
                .unsupportedMediaType,
                "\(mediaType.essence) in charset \(Quote.text(charset)) is not read here; send it in utf-8")
        }
    }

    private static func headerParameter(of mediaType: MediaType) throws(SluiceError) -> Bool? {
        switch mediaType.parameter("header")?.lowercased() {
        case nil: return nil
        case "present"?: return true
        case "absent"?: return false
        case let value?:
            throw SluiceError(
                .malformedRequest,
                "Content-Type text/csv has header=\(Quote.text(value)); it is \"present\" or \"absent\" (RFC 4180)")
        }
    }
}
