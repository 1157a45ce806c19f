/// Bytes that a key encrypted, and which key that was.
///
///     "SLUICE" 0x00 layout   length id…   salt (16)   number (8, big-endian)   ciphertext   tag (16)
///
/// Everything in front of the ciphertext is authenticated with it.
package struct SealedBox: Sendable {
    static let mark: [UInt8] = Array("SLUICE".utf8) + [0, 1]
    static let saltBytes = 16
    static let numberBytes = 8
    static let tagBytes = 16

    /// The key's id.
    package let key: String
    let salt: [UInt8]
    let number: ArraySlice<UInt8>
    /// All in front of the ciphertext.
    let head: ArraySlice<UInt8>
    let ciphertext: ArraySlice<UInt8>
    let tag: ArraySlice<UInt8>

    /// Whether bytes are such a box, as far as their beginning says.
    package static func isOne(_ bytes: some Sequence<UInt8>) -> Bool { bytes.starts(with: mark) }

    /// Takes a box apart; `nil` where the bytes are none.
    package init?(_ bytes: [UInt8]) {
        guard Self.isOne(bytes), bytes.count > Self.mark.count else { return nil }
        let idStart = Self.mark.count + 1
        let idEnd = idStart + Int(bytes[Self.mark.count])
        let numberStart = idEnd + Self.saltBytes
        let headEnd = numberStart + Self.numberBytes
        guard bytes.count >= headEnd + Self.tagBytes else { return nil }
        key = String(decoding: bytes[idStart..<idEnd], as: UTF8.self)
        salt = Array(bytes[idEnd..<numberStart])
        number = bytes[numberStart..<headEnd]
        head = bytes[..<headEnd]
        ciphertext = bytes[headEnd..<(bytes.count - Self.tagBytes)]
        tag = bytes[(bytes.count - Self.tagBytes)...]
    }

    static func head(key: String, salt: [UInt8], number: UInt64) -> [UInt8] {
        var head = mark
        head.append(UInt8(key.utf8.count))
        head += key.utf8
        head += salt
        for shift in stride(from: 56, through: 0, by: -8) { head.append(UInt8(truncatingIfNeeded: number >> shift)) }
        return head
    }
}

/// Why something can't be decrypted.
package struct SealingFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// A half sentence, as behind "the file".
    package var description: String
}
