/// The keys of a file by their digests: one look-up, however many there are.
package struct KeyTable: Sendable {
    private let plain: DigestTable
    private let peppered: DigestTable
    private let pepper: Pepper?

    /// - Parameters:
    ///   - plain: by SHA-256.
    ///   - peppered: by HMAC-SHA-256 with the pepper.
    package init(
        plain: [KeyDigest: Authenticator.Entry], peppered: [KeyDigest: Authenticator.Entry] = [:],
        pepper: Pepper? = nil
    ) {
        self.plain = DigestTable(plain)
        self.peppered = DigestTable(peppered)
        self.pepper = pepper
    }

    var isEmpty: Bool { plain.isEmpty && peppered.isEmpty }

    /// What is kept of a key.
    func presented(_ key: Span<UInt8>) -> PresentedKey {
        PresentedKey(
            plain: plain.isEmpty ? nil : KeyDigest(of: key),
            peppered: peppered.isEmpty ? nil : pepper?.digest(of: key.indices.map { key[$0] }),
            family: KeyFamily.number(of: key))
    }

    func entry(of key: PresentedKey) -> Authenticator.Entry? {
        if let digest = key.peppered, let entry = peppered[digest] { return entry }
        return key.plain.flatMap { plain[$0] }
    }
}

/// Which key somebody means, whether it is the right one or not.
enum KeyFamily {
    /// What is in front of the secret in `slk_ID_SECRET`; of other keys the first eight bytes.
    static func number(of key: Span<UInt8>) -> UInt64 {
        var end = min(8, key.count)
        let isOurs =
            key.count > 4 && key[0] == UInt8(ascii: "s") && key[1] == UInt8(ascii: "l") && key[2] == UInt8(ascii: "k")
            && key[3] == UInt8(ascii: "_")
        if isOurs, let underscore = (4..<key.count).first(where: { key[$0] == UInt8(ascii: "_") }) { end = underscore }
        var hasher = Hasher()
        unsafe key.extracting(first: end).withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }
}
