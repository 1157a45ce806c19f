package import Tensors

/// A freshly made API key. Its text is shown once, to whoever made it; gateway.yaml gets the digest.
///
/// Printing or interpolating the value shows its id only.
package struct APIKey: Sendable {
    /// The id under which gateway.yaml and people speak of the key.
    package let id: String
    /// The whole secret: `slk_<id>_` and 43 characters that carry 256 random bits.
    package let text: String
    /// What gateway.yaml keeps of it.
    package let digest: KeyDigest

    /// What gateway.yaml keeps of it where it has a pepper: `hmac-sha256:` and 64 hexadecimal digits.
    package func digest(with pepper: Pepper) -> String { "hmac-sha256:" + pepper.digest(of: text.utf8).hex }

    /// The longest id, in characters.
    package static let maximumIDLength = 64

    /// Makes a new key.
    ///
    /// - Parameter words: 256 bits; by default the system's secure random numbers.
    /// - Throws: `invalid_parameter` where `id` isn't 1 to 64 letters, digits, `-` or `.`.
    package static func generate(
        id: String, words: [UInt64] = (0..<4).map { _ in UInt64.random(in: 0...UInt64.max) }
    ) throws(SluiceError) -> APIKey {
        guard (1...maximumIDLength).contains(id.utf8.count), id.utf8.allSatisfy(isAllowedInID) else {
            throw SluiceError(
                .invalidParameter,
                """
                a key's id is 1 to \(maximumIDLength) letters, digits, "-" or "."; \
                "\(String(id.unicodeScalars.prefix(80)))" is not
                """
            )
        }
        precondition(words.count == 4, "a secret has 256 bits")
        let secret = words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } }
        let text = "slk_\(id)_\(base64URL(secret))"
        return APIKey(id: id, text: text, digest: KeyDigest(of: text))
    }

    private static func isAllowedInID(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    /// RFC 4648, section 5, without padding.
    private static func base64URL(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        var text: [UInt8] = []
        var pending: UInt32 = 0
        var bits = 0
        for byte in bytes {
            pending = pending << 8 | UInt32(byte)
            bits += 8
            while bits >= 6 {
                bits -= 6
                text.append(alphabet[Int(pending >> UInt32(bits) & 63)])
            }
        }
        if bits > 0 { text.append(alphabet[Int(pending << UInt32(6 - bits) & 63)]) }
        return String(decoding: text, as: UTF8.self)
    }
}

extension APIKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "slk_\(id)_…" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["id": id, "digest": digest]) }
}
