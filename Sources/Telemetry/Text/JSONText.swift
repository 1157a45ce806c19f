/// Writes JSON (RFC 8259) that stays on one line, whatever clients put into it.
enum JSONText {
    /// Appends `text` as a JSON string, at most `limit` bytes of it; what is cut ends in `…`.
    ///
    /// Beyond what JSON asks for, it escapes what some readers take for the end of a line or act on: DEL, the C1
    /// controls and the line and paragraph separators.
    static func append(_ text: String, to bytes: inout [UInt8], limit: Int = .max) {
        bytes.append(UInt8(ascii: "\""))
        if text.utf8.count <= limit, text.utf8.allSatisfy(isPlain) {
            bytes.append(contentsOf: text.utf8)
        } else {
            appendEscaped(text, to: &bytes, limit: limit)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Whether a byte is a character of its own that stands for itself.
    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    private static func appendEscaped(_ text: String, to bytes: inout [UInt8], limit: Int) {
        let start = bytes.count
        for byte in text.utf8 {
            if bytes.count - start >= limit, byte & 0xC0 != 0x80 {
                bytes.append(contentsOf: "…".utf8)
                break
            }
            switch byte {
            case UInt8(ascii: "\""): bytes.append(contentsOf: [UInt8(ascii: "\\"), byte])
            case UInt8(ascii: "\\"): bytes.append(contentsOf: [byte, byte])
            case 0x0A: bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "n")])
            case 0x0D: bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "r")])
            case 0x09: bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "t")])
            case 0..<0x20, 0x7F: appendEscape(UInt16(byte), to: &bytes)
            case 0x80...0x9F where bytes.count > start && bytes.last == 0xC2:
                bytes.removeLast()
                appendEscape(UInt16(byte), to: &bytes)
            case 0xA8...0xA9 where bytes.count > start + 1 && bytes.suffix(2).elementsEqual([0xE2, 0x80]):
                bytes.removeLast(2)
                appendEscape(0x2000 | UInt16(byte & 0x3F), to: &bytes)
            default: bytes.append(byte)
            }
        }
    }

    /// Appends a whole number, with zeros in front up to `digits` digits.
    static func append(_ value: Int, digits: Int = 1, to bytes: inout [UInt8]) {
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        let start = bytes.count
        var rest = value.magnitude
        while rest > 0 || bytes.count - start < digits {
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        }
        bytes[start...].reverse()
    }

    private static func appendEscape(_ unit: UInt16, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: "\\u".utf8)
        for shift in [12, 8, 4, 0] {
            let digit = UInt8(truncatingIfNeeded: unit >> UInt16(shift) & 0xF)
            bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }
}
