internal import Crypto
internal import FoundationEssentials

/// The SHA-256 of an API key: all that the gateway ever keeps of one.
package struct KeyDigest: Sendable, Equatable {
    /// The digest's 32 bytes as four big-endian words.
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// The digest of the whole text of a key, as UTF-8.
    package init(of key: some StringProtocol) {
        self.init(of: Array(key.utf8))
    }

    /// The digest of the bytes of a key.
    init(of key: [UInt8]) {
        self.init(of: key.span)
    }

    init(of key: Span<UInt8>) {
        var hash = SHA256()
        unsafe key.withUnsafeBytes { unsafe hash.update(bufferPointer: $0) }
        self.init(hash.finalize())
    }

    /// A digest of 32 bytes.
    init(_ digest: some ContiguousBytes) {
        words = unsafe digest.withUnsafeBytes { digest in
            func word(_ index: Int) -> UInt64 {
                unsafe UInt64(bigEndian: digest.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self))
            }
            return (word(0), word(1), word(2), word(3))
        }
    }

    /// Reads 64 hexadecimal digits of either case, after `sha256:` or bare; `nil` where the text is anything else.
    package init?(hex text: some StringProtocol) {
        let digits = text.hasPrefix(Self.scheme) ? text.utf8.dropFirst(Self.scheme.utf8.count) : text.utf8[...]
        guard digits.count == 64 else { return nil }
        var values: [UInt64] = [0, 0, 0, 0]
        for (index, digit) in digits.enumerated() {
            guard let value = Character(Unicode.Scalar(digit)).hexDigitValue else { return nil }
            values[index >> 4] = values[index >> 4] << 4 | UInt64(value)
        }
        words = (values[0], values[1], values[2], values[3])
    }

    /// The digest as gateway.yaml writes it: `sha256:` and 64 lower-case hexadecimal digits.
    package var text: String { Self.scheme + hex }

    /// The digest's 64 lower-case hexadecimal digits.
    package var hex: String {
        [words.0, words.1, words.2, words.3].map { word in
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    /// Two numbers of a digest that say nothing of each other, to find it by.
    var place: UInt64 { words.0 }
    var tag: UInt64 { words.1 >> 32 }

    private static let scheme = "sha256:"

    /// Looks at every bit, whatever the first ones say: how long it takes tells nothing of where two digests differ.
    package static func == (left: KeyDigest, right: KeyDigest) -> Bool {
        let (a, b) = (left.words, right.words)
        return (a.0 ^ b.0) | (a.1 ^ b.1) | (a.2 ^ b.2) | (a.3 ^ b.3) == 0
    }
}

extension KeyDigest: Hashable {
    /// One word is enough: a digest's bits are uniform, and only the file's own digests are ever stored under it.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
    }
}

extension KeyDigest: CustomStringConvertible {
    package var description: String { text }
}
