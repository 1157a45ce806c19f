internal import Tensors

/// Reads the grammar that `Content-Type` and `Accept` share (RFC 9110, 5.6): tokens, quoted strings, parameters.
struct HeaderScanner {
    /// Longer header values are refused: no honest one comes near.
    static let maximumLength = 4096

    private let bytes: [UInt8]
    private let header: String
    private var position = 0

    /// - Throws: `malformed_request` where `value` is too long.
    init(_ value: String, header: String) throws(SluiceError) {
        bytes = Array(value.utf8)
        self.header = header
        guard bytes.count <= Self.maximumLength else {
            throw SluiceError(
                .malformedRequest,
                "the \(header) header has \(bytes.count) bytes; at most \(Self.maximumLength) are read")
        }
        skipSpace()
    }

    var isAtEnd: Bool { position == bytes.count }

    /// `type/subtype` and parameters, up to a comma or the end. Wildcards are tokens too.
    mutating func mediaType() throws(SluiceError) -> MediaType {
        let type = try token()
        guard take(UInt8(ascii: "/")) else { throw unexpected() }
        let subtype = try token()
        return MediaType(
            type: type.lowercased(), subtype: subtype.lowercased(), parameters: try parameters())
    }

    /// A word and its parameters, as `Content-Disposition` has them (RFC 6266).
    mutating func disposition() throws(SluiceError) -> (kind: String, parameters: [MediaType.Parameter]) {
        (try token().lowercased(), try parameters())
    }

    private mutating func parameters() throws(SluiceError) -> [MediaType.Parameter] {
        var parameters: [MediaType.Parameter] = []
        skipSpace()
        while take(UInt8(ascii: ";")) {
            skipSpace()
            // RFC 9110 allows empty parameters: "text/csv;" and ";;".
            if isAtEnd || peek == UInt8(ascii: ";") || peek == UInt8(ascii: ",") { continue }
            let name = try token()
            guard take(UInt8(ascii: "=")) else { throw unexpected() }
            let value = try peek == UInt8(ascii: "\"") ? quotedString() : token()
            parameters.append(.init(name.lowercased(), value))
            skipSpace()
        }
        return parameters
    }

    /// Consumes commas and space between list members; false at the end.
    mutating func nextListMember() -> Bool {
        while !isAtEnd, peek == UInt8(ascii: ",") || peek == UInt8(ascii: " ") || peek == UInt8(ascii: "\t") {
            position += 1
        }
        return !isAtEnd
    }

    /// Whether a list member ends here.
    var isAtListBoundary: Bool { isAtEnd || peek == UInt8(ascii: ",") }

    /// The error that says what stands at the present position.
    func unexpected() -> SluiceError {
        let what =
            isAtEnd ? "it ends too early" : "unexpected \(Quote.character(bytes[position])) at byte \(position + 1)"
        return SluiceError(.malformedRequest, "the \(header) header \(Quote.bytes(bytes[...])) can't be read: \(what)")
    }

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard peek == byte else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = peek, byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") { position += 1 }
    }

    private mutating func token() throws(SluiceError) -> String {
        let start = position
        while let byte = peek, Self.isTokenCharacter(byte) { position += 1 }
        guard position > start else { throw unexpected() }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func quotedString() throws(SluiceError) -> String {
        position += 1
        var value: [UInt8] = []
        while let byte = peek {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                return String(decoding: value, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let escaped = peek else { throw unexpected() }
                position += 1
                value.append(escaped)
            default:
                value.append(byte)
            }
        }
        throw unexpected()
    }

    /// RFC 9110, 5.6.2: `tchar`.
    private static func isTokenCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default:
            "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
