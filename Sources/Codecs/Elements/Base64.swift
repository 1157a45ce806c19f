/// RFC 4648, section 4: the standard alphabet, padded.
package enum Base64 {
    private static let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

    /// Appends the encoding of some bytes.
    package static func append(_ bytes: UnsafeRawBufferPointer, to text: inout [UInt8]) {
        text.reserveCapacity(text.count + (bytes.count + 2) / 3 * 4)
        let letters = alphabet.utf8Start
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let count = min(3, bytes.count - start)
            var group = UInt32(bytes[start]) << 16
            if count > 1 { group |= UInt32(bytes[start + 1]) << 8 }
            if count > 2 { group |= UInt32(bytes[start + 2]) }
            for place in 0..<4 {
                let sixBits = Int(group >> UInt32(18 - 6 * place)) & 63
                text.append(place <= count ? letters[sixBits] : UInt8(ascii: "="))
            }
        }
    }

    /// The most bytes that text of that length decodes to.
    package static func decodedLimit(_ length: Int) -> Int { length / 4 * 3 }

    /// Decodes into memory with room for `decodedLimit` bytes.
    ///
    /// - Returns: how many bytes it wrote; `nil` for text that no encoder writes.
    package static func decode(_ text: UnsafeRawBufferPointer, into out: UnsafeMutablePointer<UInt8>) -> Int? {
        guard text.count % 4 == 0 else { return nil }
        var written = 0
        for start in stride(from: 0, to: text.count, by: 4) {
            var group: UInt32 = 0
            var padding = 0
            for place in 0..<4 {
                let letter = text[start + place]
                if letter == UInt8(ascii: "="), place >= 2, start + 4 == text.count {
                    padding += 1
                    group <<= 6
                } else {
                    guard padding == 0, let bits = value(of: letter) else { return nil }
                    group = group << 6 | bits
                }
            }
            let unused: UInt32 = padding == 0 ? 0 : padding == 1 ? 0xFF : 0xFFFF
            guard group & unused == 0 else { return nil }
            for place in 0..<(3 - padding) {
                out[written] = UInt8(truncatingIfNeeded: group >> UInt32(16 - 8 * place))
                written += 1
            }
        }
        return written
    }

    private static func value(of letter: UInt8) -> UInt32? {
        switch letter {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(letter - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(letter - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(letter - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
