internal import Configuration
internal import Crypto

/// The secret that hashes of keys are made with: whoever has the file alone can't try keys against it.
package struct Pepper: Sendable {
    /// Has read the secret: that takes longer than all else.
    private let prepared: HMAC<SHA256>

    package init(_ bytes: [UInt8]) {
        prepared = HMAC<SHA256>(key: SymmetricKey(data: bytes))
    }

    /// HMAC-SHA-256 of the bytes of a key.
    package func digest(of key: some Sequence<UInt8>) -> KeyDigest { digest(of: Array(key)) }

    func digest(of key: [UInt8]) -> KeyDigest {
        var code = prepared
        code.update(data: key)
        return KeyDigest(code.finalize())
    }
}
