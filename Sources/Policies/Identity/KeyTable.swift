/// The keys of a file by their digests: one look-up, however many there are.
package struct KeyTable: Sendable {
    private let plain: [KeyDigest: Authenticator.Entry]
    private let peppered: [KeyDigest: Authenticator.Entry]
    private let pepper: Pepper?

    /// - Parameters:
    ///   - plain: by SHA-256.
    ///   - peppered: by HMAC-SHA-256 with the pepper.
    package init(
        plain: [KeyDigest: Authenticator.Entry], peppered: [KeyDigest: Authenticator.Entry] = [:],
        pepper: Pepper? = nil
    ) {
        self.plain = plain
        self.peppered = peppered
        self.pepper = pepper
    }

    var isEmpty: Bool { plain.isEmpty && peppered.isEmpty }

    /// What is kept of a key.
    func presented(_ key: [UInt8]) -> PresentedKey {
        PresentedKey(
            plain: plain.isEmpty ? nil : KeyDigest(of: key),
            peppered: peppered.isEmpty ? nil : pepper?.digest(of: key), family: KeyFamily.number(of: key))
    }

    func entry(of key: PresentedKey) -> Authenticator.Entry? {
        if let digest = key.peppered, let entry = peppered[digest] { return entry }
        return key.plain.flatMap { plain[$0] }
    }
}

/// Which key somebody means, whether it is the right one or not.
enum KeyFamily {
    /// What is in front of the secret in `slk_ID_SECRET`; of other keys the first eight bytes.
    static func number(of key: [UInt8]) -> UInt64 {
        var hasher = Hasher()
        let underscore = UInt8(ascii: "_")
        let isOurs = key.starts(with: Array("slk_".utf8))
        let end = isOurs ? key.dropFirst(4).firstIndex(of: underscore) : nil
        for byte in key[..<(end ?? min(8, key.count))] { hasher.combine(byte) }
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }
}
