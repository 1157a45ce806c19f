internal import Tensors

/// What may stand in an XML 1.0 document.
enum XMLText {
    /// Production 3: space, tab, line feed, carriage return.
    static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }

    static func isBlank(_ bytes: some Sequence<UInt8>) -> Bool { bytes.allSatisfy(isSpace) }

    /// Whether some bytes are text that XML can carry: UTF-8 without control characters, U+FFFE and U+FFFF
    /// (production 2).
    static func canCarry(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard UTF8Check.isValid(bytes), bytes.allSatisfy({ $0 >= 0x20 || isSpace($0) }) else { return false }
        for index in bytes.indices where bytes[index] == 0xEF && bytes[index + 1] == 0xBF && bytes[index + 2] >= 0xBE {
            return false
        }
        return true
    }

    /// Whether a name can be an element's, without a namespace: letters, digits, `_`, `-`, `.`; ASCII only, for safety.
    static func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, isLetter(first), name != "column" else { return false }
        return name.utf8.allSatisfy {
            isLetter($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".")
                || ($0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9"))
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z")) || byte == UInt8(ascii: "_")
    }
}
