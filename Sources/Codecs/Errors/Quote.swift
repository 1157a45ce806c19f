/// Pieces of a client's input as error messages show them: bounded, and with nothing that could break a line.
enum Quote {
    /// Longer pieces are cut, with `…` at the end.
    static let maximumLength = 64

    /// The bytes in double quotes; what isn't printable text becomes `\xNN`.
    static func bytes(_ bytes: some Collection<UInt8>) -> String {
        // A prefix that holds more characters than are shown, so that a character cut at its end is never seen.
        let head = String(decoding: bytes.prefix(maximumLength * 4 + 4), as: UTF8.self)
        return "\"\(shortened(head))\""
    }

    static func text(_ text: some StringProtocol) -> String { bytes(text.utf8) }

    /// The text without quotes.
    static func shortened(_ text: String, limit: Int = maximumLength) -> String {
        var shown = ""
        for (index, scalar) in text.unicodeScalars.prefix(limit + 1).enumerated() {
            shown += index < limit ? escaped(scalar) : "…"
        }
        return shown
    }

    /// One byte for a message: `'x'`, or `0x00` where it isn't printable ASCII.
    static func character(_ byte: UInt8) -> String {
        byte > 0x20 && byte < 0x7F ? "'\(Character(UnicodeScalar(byte)))'" : hexadecimal(UInt32(byte), prefix: "0x")
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned:
            hexadecimal(scalar.value, prefix: "\\x")
        default:
            String(scalar)
        }
    }

    private static func hexadecimal(_ value: UInt32, prefix: String) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        return prefix + (digits.count < 2 ? "0" : "") + digits
    }
}
