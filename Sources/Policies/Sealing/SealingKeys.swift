package import Configuration
internal import Crypto
internal import FoundationEssentials
internal import NIOConcurrencyHelpers
internal import Synchronization

/// Encrypts what is kept on disk, and decrypts what was kept before: AES-256-GCM.
///
/// Each of these derives a key of its own from the first secret and a salt by chance, and numbers what it encrypts: two
/// boxes never have the same key and number, however many are made.
package final class SealingKeys: Sendable {
    /// What something is kept as: one can't be put in the other's place.
    package enum Purpose: String, Sendable {
        case state
        case quota
    }

    private struct Key: Sendable {
        var id: String
        var secret: SymmetricKey
    }

    /// Derived keys that are remembered: rows of one file mostly have one.
    private static let mostDerived = 64

    package let configuration: EncryptionConfiguration
    private let keys: [Key]
    private let salt: [UInt8]
    private let sealing: SymmetricKey
    private let naming: SymmetricKey
    private let count = Atomic<UInt64>(0)
    private let derived = NIOLockedValueBox<[[UInt8]: SymmetricKey]>([:])

    /// - Parameter configuration: with at least one key.
    package init(_ configuration: EncryptionConfiguration) {
        self.configuration = configuration
        keys = configuration.keys.map { Key(id: $0.id, secret: SymmetricKey(data: $0.secret.bytes)) }
        var random = SystemRandomNumberGenerator()
        salt = (0..<SealedBox.saltBytes).map { _ in random.next() }
        let first = keys.first?.secret ?? SymmetricKey(size: .bits256)
        sealing = Self.derive(first, salt: salt, "sluice boxes")
        naming = Self.derive(first, salt: [], "sluice names")
    }

    /// Whether what is written is to be encrypted.
    package var seals: Bool { configuration.write == .sealed }

    private var current: String { keys.first?.id ?? "" }

    /// Whether a box would be written as it is now.
    package func isCurrent(_ box: SealedBox) -> Bool { seals && box.key == current }

    /// Whether all that `other` writes can be read.
    package func opens(_ other: SealingKeys) -> Bool {
        guard other.seals, let key = other.configuration.keys.first else { return true }
        return configuration.keys.contains { $0.id == key.id && $0.secret.bytes == key.secret.bytes }
    }

    package func seal(_ plain: [UInt8], as purpose: Purpose) throws(SealingFailure) -> [UInt8] {
        let number = count.wrappingAdd(1, ordering: .relaxed).newValue
        let head = SealedBox.head(key: current, salt: salt, number: number)
        do {
            let box = try AES.GCM.seal(
                plain, using: sealing, nonce: try Self.nonce(head.suffix(SealedBox.numberBytes)),
                authenticating: head + purpose.rawValue.utf8)
            return head + box.ciphertext + box.tag
        } catch {
            throw SealingFailure(description: "can't be encrypted: \(error)")
        }
    }

    package func open(_ box: SealedBox, as purpose: Purpose) throws(SealingFailure) -> [UInt8] {
        guard let key = keys.first(where: { $0.id == box.key }) else {
            throw SealingFailure(
                description: "is encrypted with key \"\(box.key)\", which encryption.keys doesn't have")
        }
        do {
            let sealed = try AES.GCM.SealedBox(
                nonce: try Self.nonce(box.number), ciphertext: box.ciphertext, tag: box.tag)
            return Array(
                try AES.GCM.open(
                    sealed, using: reading(key, salt: box.salt), authenticating: box.head + purpose.rawValue.utf8))
        } catch {
            throw SealingFailure(
                description:
                    "can't be decrypted with key \"\(box.key)\": the secret is another one, or the file was changed"
            )
        }
    }

    /// What a count is called where its name must not be read: always the same, and nothing that tells of it.
    package func name(of key: String) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: Array(key.utf8), using: naming))
    }

    private func reading(_ key: Key, salt: [UInt8]) -> SymmetricKey {
        let place = Array(key.id.utf8) + salt
        if let known = derived.withLockedValue({ $0[place] }) { return known }
        let new = Self.derive(key.secret, salt: salt, "sluice boxes")
        derived.withLockedValue { derived in
            if derived.count >= Self.mostDerived { derived = [:] }
            derived[place] = new
        }
        return new
    }

    private static func derive(_ secret: SymmetricKey, salt: [UInt8], _ use: String) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(inputKeyMaterial: secret, salt: salt, info: Array(use.utf8), outputByteCount: 32)
    }

    private static func nonce(_ number: ArraySlice<UInt8>) throws -> AES.GCM.Nonce {
        try AES.GCM.Nonce(data: [0, 0, 0, 0] + number)
    }
}
