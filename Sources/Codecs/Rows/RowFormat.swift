package import Tensors

/// How a long table is written, a row after the other.
package enum RowFormat: Sendable, Equatable {
    /// `hasHeader` is `nil` where the client didn't say.
    case csv(hasHeader: Bool?)
    /// One JSON value a line.
    case lines

    /// Media types that are read, and written, a row at a time.
    package static let mediaTypes = ["text/csv", "application/x-ndjson"]
    private static let lineTypes: Set<String> = [
        "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines",
        "application/jsonlines",
    ]

    /// The media type that answers in this format are labelled with.
    package var mediaType: String {
        switch self {
        case .csv: "text/csv"
        case .lines: "application/x-ndjson"
        }
    }

    /// The format that a request names in its `Content-Type`; `nil` where it names none and the first byte must tell.
    ///
    /// - Throws: `unsupported_media_type`; `malformed_request` for a bad header.
    package static func named(_ contentType: String?) throws(SluiceError) -> RowFormat? {
        guard let contentType, !contentType.isEmpty else { return nil }
        let mediaType = try MediaType(contentType: contentType)
        if mediaType.essence == "application/x-www-form-urlencoded" { return nil }
        if lineTypes.contains(mediaType.essence) {
            try RequestFormat.requireUTF8(mediaType)
            return .lines
        }
        if mediaType.essence == "text/csv", case .csv(let dialect)? = try RequestFormat(contentType: contentType) {
            guard dialect.delimiter ?? UInt8(ascii: ",") == UInt8(ascii: ","), dialect.hasDecimalComma != true,
                dialect.encoding == .utf8
            else {
                throw SluiceError(
                    .unsupportedMediaType,
                    "batches are read as CSV with commas between cells, decimal points and in utf-8; /v1/infer reads others"
                )
            }
            return .csv(hasHeader: dialect.hasHeader)
        }
        throw SluiceError(
            .unsupportedMediaType,
            """
            Content-Type \(Quote.text(mediaType.essence)) is not read in batches; send text/csv or application/x-ndjson, \
            one JSON object or array a line
            """,
            detail: [.init("supported", mediaTypes)])
    }

    /// The format that the first byte of a body tells which is no space.
    package init(first byte: UInt8) {
        self = byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") ? .lines : .csv(hasHeader: nil)
    }

    /// The format of the answer by the `Accept` header; that of the request where it leaves the choice.
    ///
    /// - Throws: `not_acceptable`; `malformed_request` for a header that can't be read.
    package static func answer(accept: String?, to request: RowFormat) throws(SluiceError) -> RowFormat {
        guard let accept, accept != "*/*" else { return request }
        let header = try AcceptHeader(accept)
        if header.ranges.isEmpty { return request }
        guard let best = header.preferred(among: request == .lines ? [.ndjson, .csv] : [.csv, .ndjson]) else {
            throw SluiceError(
                .notAcceptable,
                "Accept \(Quote.text(accept)) takes neither of the formats of rows: \(mediaTypes.joined(separator: ", "))",
                detail: [.init("offered", mediaTypes)])
        }
        return best == .csv ? .csv(hasHeader: nil) : .lines
    }
}
