import Configuration
import Testing

@testable import IssuerKeys

@Suite struct KeySetDocumentTests {
    private static let rsa = #"{"kty":"RSA","kid":"r","use":"sig","alg":"RS256","n":"AQAB","e":"AQAB"}"#
    private static let ec = #"{"kty":"EC","kid":"e","crv":"P-256","x":"AA","y":"AA"}"#

    private static func entries(
        _ keys: String..., algorithms: [TokenAlgorithm] = [.rs256, .ps256, .es256, .edDSA]
    ) throws -> [KeySetDocument.Entry] {
        try KeySetDocument(Array("{\"keys\":[\(keys.joined(separator: ","))]}".utf8), algorithms: algorithms).entries
    }

    @Test func takesKeysForTheAlgorithmsAskedFor() throws {
        let entries = try Self.entries(
            Self.rsa, Self.ec, #"{"kty":"OKP","crv":"Ed25519","x":"AA","key_ops":["verify"]}"#)
        #expect(entries.map(\.algorithm) == [.rs256, .es256, .edDSA])
        #expect(entries.map(\.id) == ["r", "e", nil])
        #expect(entries[1].members == ["x": "AA", "y": "AA"])
        // A key that doesn't say its algorithm is for each that its type can have.
        let both = try Self.entries(#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#)
        #expect(both.map(\.algorithm) == [.rs256, .ps256])
        #expect(try Self.entries(Self.rsa, Self.ec, algorithms: [.es256]).map(\.id) == ["e"])
    }

    /// Beside a key that is good, each of these is left out.
    @Test(arguments: [
        #"{"kty":"oct","kid":"s","alg":"HS256","k":"AAAA"}"#,
        #"{"kty":"RSA","kid":"r2","alg":"HS256","n":"AQAB","e":"AQAB"}"#,
        #"{"kty":"RSA","kid":"r2","alg":"none","n":"AQAB","e":"AQAB"}"#,
        #"{"kty":"RSA","kid":"r2","use":"enc","n":"AQAB","e":"AQAB"}"#,
        #"{"kty":"RSA","kid":"r2","key_ops":["encrypt"],"n":"AQAB","e":"AQAB"}"#,
        #"{"kty":"RSA","kid":"r2","n":"AQAB"}"#, #"{"kty":"RSA","kid":7,"n":"AQAB","e":"AQAB"}"#,
        #"{"kty":"RSA","kid":"r2","n":"AQAB","e":"AQAB","d":"AQAB"}"#,
        #"{"kty":"EC","crv":"P-384","x":"AA","y":"AA"}"#, #"{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"}"#,
        #"{"kty":"EC","x":"AA","y":"AA"}"#, #"{"kty":"OKP","crv":"X25519","x":"AA"}"#, #"{"kty":"AKP","pub":"AA"}"#,
        "{}", "[]", "null", "7",
    ]) func leavesOutWhatChecksNoSignatures(key: String) throws {
        #expect(try Self.entries(key, Self.rsa).map(\.id) == ["r"])
    }

    @Test(arguments: [
        ("", "holds no JSON object"), ("[]", "holds no JSON object"), ("<html>", "holds no JSON object"),
        (#"{"keys":{}}"#, #"has no list "keys" in it"#), (#"{"jwks":[]}"#, #"has no list "keys" in it"#),
        (#"{"keys":[]}"#, "has no key that checks signatures of RS256"),
        (#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#, "has no key that checks signatures of RS256"),
    ]) func saysWhatIsWrong(text: String, message: String) {
        #expect(KeySetDocument.fault(in: Array(text.utf8), algorithms: [.rs256]) == message)
    }

    @Test func sizesAreBounded() {
        let huge = Array(repeating: UInt8(ascii: " "), count: KeySetDocument.maximumBytes + 1)
        #expect(KeySetDocument.fault(in: huge, algorithms: [.rs256]) == "is larger than 256 KiB")
        let many = Array(repeating: Self.rsa, count: 129).joined(separator: ",")
        #expect(
            KeySetDocument.fault(in: Array("{\"keys\":[\(many)]}".utf8), algorithms: [.rs256])
                == "has more than 128 keys")
        let long = #"{"keys":[{"kty":"RSA","n":"\#(String(repeating: "A", count: 1_369))","e":"AQAB"}]}"#
        #expect(
            KeySetDocument.fault(in: Array(long.utf8), algorithms: [.rs256])
                == "has no key that checks signatures of RS256")
    }
}
