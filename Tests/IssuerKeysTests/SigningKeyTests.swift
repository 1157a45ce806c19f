import Configuration
import Crypto
import Foundation
import JWTKit
import Policies
import Testing

@testable import IssuerKeys

/// Every algorithm, from a pair of keys over the set that shows one half of it to a checked signature.
@Suite struct SigningKeyTests {
    private static let message = Array("eyJ.eyJ".utf8)[...]

    private static func base64URL(_ bytes: some Sequence<UInt8>) -> String {
        Data(bytes).base64EncodedString().replacingOccurrences(of: "+", with: "-")
            .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
    }

    private static func keys(_ key: String, _ algorithms: [TokenAlgorithm]) async throws -> [SigningKey] {
        await SigningKey.all(
            of: try KeySetDocument(Array("{\"keys\":[\(key)]}".utf8), algorithms: algorithms))
    }

    private static func check(
        _ keys: [SigningKey], _ algorithm: TokenAlgorithm, _ signature: [UInt8],
        sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) {
        #expect(keys.map(\.algorithm) == [algorithm], sourceLocation: sourceLocation)
        guard let key = keys.first else { return }
        #expect(key.isValid(signature, message), sourceLocation: sourceLocation)
        #expect(!key.isValid(signature, message.dropLast()), sourceLocation: sourceLocation)
        #expect(!key.isValid([], message), sourceLocation: sourceLocation)
        #expect(!key.isValid(Array(signature.dropLast()), message), sourceLocation: sourceLocation)
        #expect(!key.isValid(Array(repeating: 0, count: signature.count), message), sourceLocation: sourceLocation)
        for index in [0, signature.count / 2, signature.count - 1] {
            var changed = signature
            changed[index] ^= 1
            #expect(!key.isValid(changed, message), sourceLocation: sourceLocation)
        }
    }

    private static func signer(
        _ add: (JWTKeyCollection) async throws -> Void
    ) async throws -> [UInt8] {
        let collection = JWTKeyCollection()
        try await add(collection)
        return try await collection.getKey().sign(message)
    }

    /// A public key as the two halves of what CryptoKit calls its raw form.
    private static func ellipticKey(_ curve: String, _ raw: Data) -> String {
        let (x, y) = (raw.prefix(raw.count / 2), raw.suffix(raw.count / 2))
        return #"{"kty":"EC","crv":"\#(curve)","x":"\#(base64URL(x))","y":"\#(base64URL(y))"}"#
    }

    @Test func ellipticCurves() async throws {
        let p256 = P256.Signing.PrivateKey()
        Self.check(
            try await Self.keys(Self.ellipticKey("P-256", p256.publicKey.rawRepresentation), [.es256, .es384]), .es256,
            try await Self.signer { try await $0.add(ecdsa: ES256PrivateKey(backing: p256)) })
        let p384 = P384.Signing.PrivateKey()
        Self.check(
            try await Self.keys(Self.ellipticKey("P-384", p384.publicKey.rawRepresentation), [.es256, .es384]), .es384,
            try await Self.signer { try await $0.add(ecdsa: ES384PrivateKey(backing: p384)) })
        let p521 = P521.Signing.PrivateKey()
        Self.check(
            try await Self.keys(Self.ellipticKey("P-521", p521.publicKey.rawRepresentation), [.es512]), .es512,
            try await Self.signer { try await $0.add(ecdsa: ES512PrivateKey(backing: p521)) })
    }

    @Test func edwards() async throws {
        let pair = Curve25519.Signing.PrivateKey()
        let key = #"{"kty":"OKP","crv":"Ed25519","x":"\#(Self.base64URL(pair.publicKey.rawRepresentation))"}"#
        Self.check(
            try await Self.keys(key, [.edDSA]), .edDSA, Array(try pair.signature(for: Array(Self.message))))
    }

    @Test func secrets() async throws {
        let secret = Secret(reference: "env:X", bytes: Array(repeating: 7, count: 64))
        for (algorithm, code) in [
            (
                TokenAlgorithm.hs256,
                Array(
                    HMAC<SHA256>.authenticationCode(for: Array(Self.message), using: SymmetricKey(data: secret.bytes)))
            ),
            (
                .hs384,
                Array(
                    HMAC<SHA384>.authenticationCode(for: Array(Self.message), using: SymmetricKey(data: secret.bytes)))
            ),
            (
                .hs512,
                Array(
                    HMAC<SHA512>.authenticationCode(for: Array(Self.message), using: SymmetricKey(data: secret.bytes)))
            ),
        ] {
            Self.check(try await SigningKey.all(of: secret, algorithms: [algorithm]), algorithm, code)
        }
    }

    /// No point of the curve, an RSA key of 512 bits, a text that is no base64url: left out, and nothing breaks.
    @Test(arguments: [
        #"{"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA"}"#,
        #"{"kty":"EC","crv":"P-256","x":"\#(String(repeating: "_", count: 43))","y":"\#(String(repeating: "_", count: 43))"}"#,
        #"{"kty":"OKP","crv":"Ed25519","x":"AAAA"}"#, #"{"kty":"OKP","crv":"Ed25519","x":"!!"}"#,
        #"{"kty":"RSA","n":"\#(String(repeating: "_", count: 85))","e":"AQAB"}"#, #"{"kty":"RSA","n":"","e":""}"#,
        #"{"kty":"RSA","n":"!!","e":"??"}"#,
    ]) func keysThatAreNoneAreLeftOut(key: String) async throws {
        #expect(try await Self.keys(key, [.rs256, .es256, .edDSA]).isEmpty)
    }
}
