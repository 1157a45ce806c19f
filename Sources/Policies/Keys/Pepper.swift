internal import Configuration
internal import Crypto

/// The secret that hashes of keys are made with: whoever has the file alone can't try keys against it.
package struct Pepper: Sendable {
    private let key: SymmetricKey

    package init(_ bytes: [UInt8]) {
        key = SymmetricKey(data: bytes)
    }

    /// HMAC-SHA-256 of the bytes of a key.
    package func digest(of key: some Sequence<UInt8>) -> KeyDigest {
        KeyDigest(HMAC<SHA256>.authenticationCode(for: Array(key), using: self.key))
    }
}
