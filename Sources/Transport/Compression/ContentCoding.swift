internal import Tensors

/// A compression of HTTP bodies that is known here (RFC 9110, section 8.4.1).
enum ContentCoding: String, CaseIterable {
    case gzip
    /// zlib's format, as the name has it; not bare deflate.
    case deflate
    case zstd

    /// How a request's body is compressed, by its `Content-Encoding`; `nil` for not at all.
    ///
    /// - Throws: `unsupported_media_type`.
    static func ofBody(_ field: String?) throws(SluiceError) -> ContentCoding? {
        guard let field, !field.equalsIgnoringCase("identity") else { return nil }
        if field.equalsIgnoringCase("gzip") || field.equalsIgnoringCase("x-gzip") { return .gzip }
        if field.equalsIgnoringCase("deflate") { return .deflate }
        if field.equalsIgnoringCase("zstd") { return .zstd }
        throw SluiceError(
            .unsupportedMediaType,
            "the content encoding \"\(field.prefix(64))\" isn't supported; send gzip, deflate, zstd or the body as it is",
            detail: [.init("supported", allCases.map(\.rawValue))])
    }

    /// How an answer is to be compressed, by a request's `Accept-Encoding`; `nil` for not at all.
    ///
    /// Only a client that names one coding means it: libraries list all that they know by default, and compressing
    /// every answer to them would cost more time than the network saves.
    static func wanted(_ field: String?) -> ContentCoding? {
        guard let field else { return nil }
        return allCases.first { field.equalsIgnoringCase($0.rawValue) }
    }
}
