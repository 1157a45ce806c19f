internal import Tensors

/// What of a table's text may differ from RFC 4180: spreadsheets write what their country does.
package struct CSVDialect: Sendable, Equatable {
    /// `nil` where the client didn't say (RFC 4180's `header` parameter).
    package var hasHeader: Bool?
    /// What stands between cells; `nil` leaves it to the first line.
    var delimiter: UInt8?
    /// Whether numbers have a decimal comma; `nil` where they may.
    var hasDecimalComma: Bool?
    var encoding: TextEncoding = .utf8

    package init(hasHeader: Bool? = nil, delimiter: UInt8? = nil) {
        self.hasHeader = hasHeader
        self.delimiter = delimiter
    }

    /// Whether tabs are declared to stand between cells.
    var hasTabs: Bool { delimiter == UInt8(ascii: "\t") }

    /// What a media type says: `text/csv` or `text/tab-separated-values`, with `header`, `delimiter`, `decimal` and `charset`.
    ///
    /// - Throws: `malformed_request` for a parameter's value that means nothing; `unsupported_media_type` for a charset.
    init(_ mediaType: MediaType) throws(SluiceError) {
        if mediaType.subtype == "tab-separated-values" { delimiter = UInt8(ascii: "\t") }
        switch mediaType.parameter("header")?.lowercased() {
        case nil: break
        case "present"?: hasHeader = true
        case "absent"?: hasHeader = false
        case let value?: throw Self.fault(mediaType, "header", value, "\"present\" or \"absent\" (RFC 4180)")
        }
        if let value = mediaType.parameter("delimiter") {
            guard let delimiter = Self.delimiter(value) else {
                throw Self.fault(mediaType, "delimiter", value, "one of \",\", \";\", \"|\", \":\" and \"tab\"")
            }
            self.delimiter = delimiter
        }
        switch mediaType.parameter("decimal") {
        case nil: break
        case ","?: hasDecimalComma = true
        case "."?: hasDecimalComma = false
        case let value?: throw Self.fault(mediaType, "decimal", value, "\",\" or \".\"")
        }
        if let charset = mediaType.parameter("charset") {
            guard let encoding = TextEncoding(charset: charset) else {
                throw SluiceError(
                    .unsupportedMediaType,
                    "\(mediaType.essence) in charset \(Quote.text(charset.lowercased())) is not read here; send it in utf-8, "
                        + "utf-16 or windows-1252")
            }
            self.encoding = encoding
        }
    }

    private static func fault(
        _ mediaType: MediaType, _ name: String, _ value: String, _ allowed: String
    ) -> SluiceError {
        SluiceError(
            .malformedRequest, "Content-Type \(mediaType.essence) has \(name)=\(Quote.text(value)); it is \(allowed)")
    }

    private static let names: [String: UInt8] = [
        ",": 0x2C, "comma": 0x2C, ";": 0x3B, "semicolon": 0x3B, "\t": 0x09, "tab": 0x09, "\\t": 0x09, "t": 0x09,
        "|": 0x7C, "pipe": 0x7C, ":": 0x3A, "%3b": 0x3B, "%09": 0x09, "%2c": 0x2C, "%7c": 0x7C,
    ]

    private static func delimiter(_ text: String) -> UInt8? { names[text.lowercased()] }
}
