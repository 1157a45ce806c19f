package import Tensors

/// How a long table is written, a row after the other.
package enum RowFormat: Sendable, Equatable {
    case csv(CSVDialect)
    /// One JSON value a line.
    case lines

    /// Media types that are read, and written, a row at a time.
    package static let mediaTypes = ["text/csv", "text/tab-separated-values", "application/x-ndjson"]
    private static let lineTypes: Set<String> = [
        "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines",
        "application/jsonlines",
    ]

    /// The media type that answers in this format are labelled with.
    package var mediaType: String {
        switch self {
        case .csv(let dialect): dialect.hasTabs ? "text/tab-separated-values" : "text/csv"
        case .lines: "application/x-ndjson"
        }
    }

    /// What stands between the cells of answers; `nil` for lines of JSON.
    var separator: UInt8? {
        switch self {
        case .csv(let dialect): dialect.hasTabs ? UInt8(ascii: "\t") : UInt8(ascii: ",")
        case .lines: nil
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
        if mediaTypes.contains(mediaType.essence) { return .csv(try CSVDialect(mediaType)) }
        throw SluiceError(
            .unsupportedMediaType,
            """
            Content-Type \(Quote.text(mediaType.essence)) is not read in batches; send text/csv, \
            text/tab-separated-values or application/x-ndjson, one JSON object or array a line
            """,
            detail: [.init("supported", mediaTypes)])
    }

    /// The format that the first byte of a body tells which is no space.
    package init(first byte: UInt8) {
        self = byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") ? .lines : .csv(CSVDialect())
    }

    /// The format of the answer by the `Accept` header; that of the request where it leaves the choice.
    ///
    /// - Throws: `not_acceptable`; `malformed_request` for a header that can't be read.
    package static func answer(accept: String?, to request: RowFormat) throws(SluiceError) -> RowFormat {
        // Answers need no dialect: whoever sends one reads RFC 4180, too.
        let own: AnswerFormat =
            switch request {
            case .lines: .ndjson
            case .csv(let dialect): dialect.hasTabs ? .tsv : .csv
            }
        guard let accept, accept != "*/*" else { return Self(own) }
        let header = try AcceptHeader(accept)
        if header.ranges.isEmpty { return Self(own) }
        guard let best = header.preferred(among: [own] + [.csv, .tsv, .ndjson].filter { $0 != own }) else {
            throw SluiceError(
                .notAcceptable,
                "Accept \(Quote.text(accept)) takes none of the formats of rows: \(mediaTypes.joined(separator: ", "))",
                detail: [.init("offered", mediaTypes)])
        }
        return Self(best)
    }

    private init(_ format: AnswerFormat) {
        switch format {
        case .ndjson: self = .lines
        case .tsv: self = .csv(CSVDialect(delimiter: UInt8(ascii: "\t")))
        default: self = .csv(CSVDialect())
        }
    }
}
