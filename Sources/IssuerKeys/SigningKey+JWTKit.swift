internal import Configuration
internal import JWTKit
internal import Policies

// The one place that knows the library which checks signatures. It builds keys behind an actor; what it builds checks
// signatures at once, on whatever thread.

extension SigningKey {
    /// The keys of a set; those that turn out to be none are left out.
    static func all(of document: KeySetDocument) async -> [SigningKey] {
        var keys: [SigningKey] = []
        for entry in document.entries {
            guard let key = try? await SigningKey(entry) else { continue }
            keys.append(key)
        }
        return keys
    }

    /// The key that both sides have, for each of the algorithms.
    static func all(of secret: Secret, algorithms: [TokenAlgorithm]) async throws -> [SigningKey] {
        var keys: [SigningKey] = []
        for algorithm in algorithms {
            let digest: DigestAlgorithm
            switch algorithm {
            case .hs256: digest = .sha256
            case .hs384: digest = .sha384
            case .hs512: digest = .sha512
            default: continue
            }
            let collection = JWTKeyCollection()
            await collection.add(hmac: HMACKey(from: secret.bytes), digestAlgorithm: digest)
            keys.append(SigningKey(id: nil, algorithm: algorithm, try await collection.getKey()))
        }
        return keys
    }

    /// - Throws: what is wrong with its numbers: no point of the curve, RSA below 2048 bits.
    private init(_ entry: KeySetDocument.Entry) async throws {
        let collection = JWTKeyCollection()
        let id = JWKIdentifier(string: "key")
        let algorithm = JWK.Algorithm(rawValue: entry.algorithm.rawValue)
        let jwk: JWK
        switch entry.algorithm.keyType {
        case "RSA":
            jwk = .rsa(
                algorithm, identifier: id, modulus: entry.members["n"], exponent: entry.members["e"],
                privateExponent: nil)
        case "EC":
            jwk = .ecdsa(
                algorithm, identifier: id, x: entry.members["x"], y: entry.members["y"],
                curve: ECDSACurve(rawValue: entry.algorithm.curve ?? ""), privateKey: nil)
        default:
            jwk = .octetKeyPair(
                algorithm, identifier: id, x: entry.members["x"], y: nil, curve: .ed25519, privateKey: nil)
        }
        try await collection.add(jwk: jwk)
        self.init(
            id: entry.id, algorithm: entry.algorithm,
            try await collection.getKey(for: id, alg: entry.algorithm.rawValue))
    }

    private init(id: String?, algorithm: TokenAlgorithm, _ key: any JWTAlgorithm) {
        self.init(id: id, algorithm: algorithm) { signature, message in
            (try? key.verify(signature, signs: message)) ?? false
        }
    }
}
