internal import Tensors

/// Makes UTF-8 of text in another encoding, which comes in pieces cut anywhere.
struct TextDecoder: Sendable {
    private let encoding: TextEncoding
    /// How many bytes have come before the present piece.
    private var position = 0
    /// The first half of a unit of UTF-16 whose other half hasn't come.
    private var half: UInt8?
    /// The first of two units of UTF-16 that are one letter together.
    private var surrogate: UInt32?

    /// - Parameter encoding: any but UTF-8.
    init(_ encoding: TextEncoding) {
        self.encoding = encoding
    }

    /// Appends what the bytes stand for, without a byte order mark.
    ///
    /// - Throws: `malformed_body` with the first byte that is no text.
    mutating func decode(_ bytes: UnsafeRawBufferPointer, into text: inout [UInt8]) throws(SluiceError) {
        defer { position += bytes.count }
        switch encoding {
        case .utf8: text.append(contentsOf: bytes)
        case .windows1252:
            for (index, byte) in bytes.enumerated() {
                let value = (0x80..<0xA0).contains(byte) ? Self.windowsLetters[Int(byte) - 0x80] : UInt32(byte)
                guard value != 0xFFFF else { throw Self.fault("windows-1252", at: position + index) }
                try append(value, at: position + index, to: &text)
            }
        case .utf16(let isBigEndian):
            for (index, byte) in bytes.enumerated() {
                guard let first = half else {
                    half = byte
                    continue
                }
                half = nil
                let unit = isBigEndian ? UInt32(first) << 8 | UInt32(byte) : UInt32(byte) << 8 | UInt32(first)
                try take(unit, at: position + index - 1, to: &text)
            }
        }
    }

    /// The text ends here.
    ///
    /// - Throws: `malformed_body` where that is in the middle of a letter.
    func finish() throws(SluiceError) {
        if half != nil { throw Self.fault("UTF-16", at: position - 1) }
        if surrogate != nil { throw Self.fault("UTF-16", at: position - 2) }
    }

    private mutating func take(_ unit: UInt32, at place: Int, to text: inout [UInt8]) throws(SluiceError) {
        if let first = surrogate {
            guard unit & 0xFC00 == 0xDC00 else { throw Self.fault("UTF-16", at: place - 2) }
            surrogate = nil
            return try append(0x10000 + (first & 0x3FF) << 10 + unit & 0x3FF, at: place, to: &text)
        }
        if unit & 0xFC00 == 0xD800 {
            surrogate = unit
        } else if unit != 0xFEFF || place > 0 {
            try append(unit, at: place, to: &text)
        }
    }

    private func append(_ value: UInt32, at place: Int, to text: inout [UInt8]) throws(SluiceError) {
        if value < 0x80 { return text.append(UInt8(value)) }
        guard let scalar = Unicode.Scalar(value) else { throw Self.fault("UTF-16", at: place) }
        text.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }

    private static func fault(_ name: String, at byte: Int) -> SluiceError {
        SluiceError(
            .malformedBody, "the body is no text in \(name): byte \(byte) can't be read", detail: [.init("byte", byte)])
    }

    /// What Windows has between 0x80 and 0x9F; 0xFFFF is nothing.
    private static let windowsLetters: [UInt32] = [
        0x20AC, 0xFFFF, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0xFFFF,
        0x017D, 0xFFFF, 0xFFFF, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A,
        0x0153, 0xFFFF, 0x017E, 0x0178,
    ]
}
