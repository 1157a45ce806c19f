import Configuration
import NIOConcurrencyHelpers
import Policies
import Tensors
import Testing

/// Everything that has been tried on tokens, and what becomes of it: 401, and not a word about which check it was before
/// the signature has proved right.
@Suite struct TokenAttackTests {
    struct Attack: CustomTestStringConvertible, Sendable {
        var what: String
        var token: String
        var fault: TokenFault
        var testDescription: String { what }

        init(_ what: String, _ token: String, _ fault: TokenFault) {
            self.what = what
            self.token = token
            self.fault = fault
        }
    }

    private static let unsigned =
        "\(TestIssuer.encode(#"{"alg":"none"}"#)).\(TestIssuer.encode(TestIssuer.standardClaims))"
    private static let good = TestIssuer.token()
    private static let parts = good.split(separator: ".").map(String.init)

    private static func head(_ head: String) -> String { TestIssuer.token(head: head) }
    private static func claims(_ changed: String) -> String {
        TestIssuer.token(#"{"iss":"https://login.example/","aud":"sluice","sub":"alice","exp":1800000600\#(changed)}"#)
    }
    private static func only(_ claims: String) -> String { TestIssuer.token(claims) }

    static let attacks: [Attack] = [
        Attack("alg none, no signature", unsigned + ".", .algorithm),
        Attack("alg none, another's signature", unsigned + "." + parts[2], .algorithm),
        Attack("alg NONE", head(#"{"alg":"NONE"}"#), .algorithm),
        Attack("alg nOnE", head(#"{"alg":"nOnE"}"#), .algorithm),
        Attack("alg empty", head(#"{"alg":""}"#), .algorithm),
        Attack("alg absent", head(#"{"typ":"JWT"}"#), .malformed),
        Attack("alg no text", head(#"{"alg":["HS256"]}"#), .malformed),
        Attack("alg twice", head(#"{"alg":"none","alg":"HS256"}"#), .malformed),
        Attack("alg in another case", head(#"{"alg":"hs256"}"#), .algorithm),
        Attack("an algorithm that isn't listed", head(#"{"alg":"HS512","kid":"k1"}"#), .algorithm),
        Attack("no signature", "\(parts[0]).\(parts[1]).", .signature),
        Attack(
            "another token's signature",
            "\(parts[0]).\(TestIssuer.encode(#"{"iss":"https://login.example/","aud":"sluice","sub":"bob","exp":1800000600}"#)).\(parts[2])",
            .signature),
        Attack("a signature cut short", String(good.dropLast(3)), .signature),
        Attack("a signature by somebody else", TestIssuer.token(secret: TestIssuer.publicKey), .signature),
        Attack("signed with nothing", TestIssuer.token(secret: []), .signature),
        Attack(
            "a byte of the head changed", "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6ImsyIn0.\(parts[1]).\(parts[2])",
            .key),
        Attack("padding behind the signature", good + "==", .malformed),
        Attack("bits that say nothing", String(good.dropLast()) + "x", .malformed),
        Attack("kid of nobody", head(#"{"alg":"HS256","kid":"k9"}"#), .key),
        Attack("kid is a path", head(#"{"alg":"HS256","kid":"../../../dev/null"}"#), .key),
        Attack("kid is SQL", head(#"{"alg":"HS256","kid":"x' UNION SELECT 'key'--"}"#), .key),
        Attack("kid is a command", head(#"{"alg":"HS256","kid":"|/bin/true"}"#), .key),
        Attack("kid is empty", head(#"{"alg":"HS256","kid":""}"#), .key),
        Attack("kid has a NUL", head(#"{"alg":"HS256","kid":"k1\u0000"}"#), .key),
        Attack("kid is huge", head(#"{"alg":"HS256","kid":"\#(String(repeating: "k", count: 300))"}"#), .malformed),
        Attack("kid is an object", head(#"{"alg":"HS256","kid":{"k1":1}}"#), .malformed),
        Attack(
            "its own key: jwk",
            TestIssuer.token(head: #"{"alg":"HS256","kid":"k1","jwk":{"kty":"oct","k":"AAAA"}}"#, secret: [0, 0, 0]),
            .signature),
        Attack(
            "its own key: jku",
            TestIssuer.token(head: #"{"alg":"HS256","kid":"x","jku":"https://evil.example/keys.json"}"#, secret: [1]),
            .key),
        Attack(
            "its own key: x5u, x5c",
            TestIssuer.token(
                head: #"{"alg":"HS256","kid":"k1","x5u":"https://evil.example/c","x5c":["MIIB"]}"#, secret: [1]),
            .signature),
        Attack("crit", head(#"{"alg":"HS256","kid":"k1","crit":["exp"]}"#), .malformed),
        Attack("crit and b64", head(#"{"alg":"HS256","kid":"k1","b64":false,"crit":["b64"]}"#), .malformed),
        Attack("zip", head(#"{"alg":"HS256","kid":"k1","zip":"DEF"}"#), .malformed),
        Attack("a logout token", head(#"{"alg":"HS256","kid":"k1","typ":"logout+jwt"}"#), .malformed),
        Attack("a token of another kind", head(#"{"alg":"HS256","kid":"k1","typ":"dpop+jwt"}"#), .malformed),
        Attack(
            "another issuer", only(#"{"iss":"https://evil.example/","aud":"sluice","sub":"alice","exp":1800000600}"#),
            .issuer),
        Attack(
            "nearly the issuer",
            only(#"{"iss":"https://login.example","aud":"sluice","sub":"alice","exp":1800000600}"#), .issuer),
        Attack(
            "the issuer in capitals",
            only(#"{"iss":"HTTPS://LOGIN.EXAMPLE/","aud":"sluice","sub":"alice","exp":1800000600}"#), .issuer),
        Attack(
            "issuers in a list",
            only(#"{"iss":["https://login.example/"],"aud":"sluice","sub":"alice","exp":1800000600}"#), .issuer),
        Attack("no issuer", only(#"{"aud":"sluice","sub":"alice","exp":1800000600}"#), .issuer),
        Attack(
            "issuer twice",
            only(
                #"{"iss":"https://evil.example/","iss":"https://login.example/","aud":"sluice","sub":"alice","exp":1800000600}"#
            ), .malformed),
        Attack(
            "another audience", only(#"{"iss":"https://login.example/","aud":"other","sub":"alice","exp":1800000600}"#),
            .audience),
        Attack("no audience", only(#"{"iss":"https://login.example/","sub":"alice","exp":1800000600}"#), .audience),
        Attack(
            "an empty audience", only(#"{"iss":"https://login.example/","aud":[],"sub":"alice","exp":1800000600}"#),
            .audience),
        Attack(
            "an audience that has it in it",
            only(#"{"iss":"https://login.example/","aud":"sluice-test","sub":"alice","exp":1800000600}"#), .audience),
        Attack(
            "an audience that isn't text",
            only(#"{"iss":"https://login.example/","aud":["sluice",1],"sub":"alice","exp":1800000600}"#), .audience),
        Attack("no end", only(#"{"iss":"https://login.example/","aud":"sluice","sub":"alice"}"#), .expired),
        Attack(
            "over", only(#"{"iss":"https://login.example/","aud":"sluice","sub":"alice","exp":1799999970}"#), .expired),
        Attack(
            "over since 1970", only(#"{"iss":"https://login.example/","aud":"sluice","sub":"alice","exp":-1}"#),
            .expired),
        Attack(
            "an end in text",
            only(#"{"iss":"https://login.example/","aud":"sluice","sub":"alice","exp":"1800000600"}"#), .malformed),
        Attack(
            "an end that overflows",
            only(#"{"iss":"https://login.example/","aud":"sluice","sub":"alice","exp":1e300}"#), .malformed),
        Attack(
            "an end that is no number",
            only(#"{"iss":"https://login.example/","aud":"sluice","sub":"alice","exp":1e999}"#), .malformed),
        Attack(
            "end is null", only(#"{"iss":"https://login.example/","aud":"sluice","sub":"alice","exp":null}"#),
            .malformed),
        Attack("not yet", claims(#","nbf":1800000031"#), .early),
        Attack("made tomorrow", claims(#","iat":1800086400"#), .early),
        Attack("nbf in text", claims(#","nbf":"0""#), .malformed),
        Attack(
            "nobody's", only(#"{"iss":"https://login.example/","aud":"sluice","sub":"nobody","exp":1800000600}"#),
            .consumer),
        Attack(
            "anonymous", only(#"{"iss":"https://login.example/","aud":"sluice","sub":"anonymous","exp":1800000600}"#),
            .consumer),
        Attack("no subject", only(#"{"iss":"https://login.example/","aud":"sluice","exp":1800000600}"#), .consumer),
        Attack(
            "a subject that is a list",
            only(#"{"iss":"https://login.example/","aud":"sluice","sub":["alice"],"exp":1800000600}"#), .consumer),
        Attack("subject twice", claims(#","sub":"bob""#), .malformed),
        Attack(
            "subject with a NUL",
            only(#"{"iss":"https://login.example/","aud":"sluice","sub":"alice\u0000","exp":1800000600}"#), .consumer),
        Attack(
            "deep JSON", claims(#","a":\#(String(repeating: "[", count: 900))\#(String(repeating: "]", count: 900))"#),
            .malformed),
        Attack(
            "wide JSON", claims(#","a":[\#(Array(repeating: "1", count: 1_500).joined(separator: ","))]"#), .malformed),
        Attack("claims that are a list", only("[]"), .malformed),
        Attack("claims that are no JSON", only("alice"), .malformed),
        Attack("a head that ends early", "eyJhbGciOi.\(parts[1]).\(parts[2])", .malformed),
        Attack("nothing but dots", "eyJ..", .malformed),
    ]

    @Test(arguments: attacks) func isRefused(_ attack: Attack) {
        let faults = NIOLockedValueBox<[TokenFault]>([])
        let verifier = TestIssuer.verifier(observe: { _, fault in faults.withLockedValue { $0.append(fault) } })
        let error = #expect(throws: SluiceError.self) { try verifier.name(attack.token) }
        #expect(faults.withLockedValue { $0 } == [attack.fault])
        #expect(error?.code == .unauthenticated)
        switch attack.fault {
        case .malformed, .issuer, .algorithm, .key, .signature:
            #expect(error?.message == "this token is not valid here")
            #expect(error?.detail == [.init("reason", "token_invalid")])
        default: #expect(error?.message != "this token is not valid here")
        }
        #expect(verifier.remembered <= 1)
    }

    /// RS256 is what the issuer signs with, and its public key is public: an HS256 token signed with that as its secret
    /// must open nothing, nor one that says RS256 and is checked as if it were HS256.
    @Test(arguments: [TokenAlgorithm.hs256, .rs256, .hs384, .es256]) func keysAreNeverTakenForSecrets(
        algorithm: TokenAlgorithm
    ) {
        let rsa = SigningKey(id: "k1", algorithm: .rs256) { _, _ in false }
        let token = TestIssuer.token(
            head: #"{"alg":"\#(algorithm.rawValue)","kid":"k1"}"#, secret: TestIssuer.publicKey)
        for algorithms in [[TokenAlgorithm.rs256], [.rs256, .hs256]] {
            let verifier = TestIssuer.verifier(TestIssuer.configuration(algorithms: algorithms), keys: [rsa])
            #expect(throws: SluiceError.self) { try verifier.name(token) }
        }
    }

    @Test(arguments: [8 << 10, (8 << 10) + 1, 1 << 20]) func hugeTokensAreNotRead(length: Int) {
        let faults = NIOLockedValueBox(0)
        let verifier = TestIssuer.verifier(observe: { _, _ in faults.withLockedValue { $0 += 1 } })
        let token = "eyJ" + String(repeating: "a", count: length - 5) + ".."
        let error = #expect(throws: SluiceError.self) { try verifier.name(token) }
        #expect(error?.code == .unauthenticated)
        #expect(faults.withLockedValue { $0 } == (length <= 8 << 10 ? 1 : 0))
    }

    /// Five parts are an encrypted token, two are none: keys that nobody knows.
    @Test(arguments: ["eyJhbGciOiJkaXIifQ....", "eyJhbGciOiJIUzI1NiJ9.e30", "eyJ", ".."])
    func whatIsNoTokenIsAKeyThatNobodyKnows(text: String) {
        let error = #expect(throws: SluiceError.self) { try TestIssuer.verifier().name(text) }
        #expect(error?.code == .unauthenticated)
    }

    @Test func errorsHoldNoPartOfAToken() {
        for attack in Self.attacks {
            let error = #expect(throws: SluiceError.self) { try TestIssuer.verifier().name(attack.token) }
            let text = error.map { String(reflecting: $0) } ?? ""
            for part in attack.token.split(separator: ".") where part.count > 8 { #expect(!text.contains(part)) }
            #expect(!text.contains("alice"))
        }
    }
}
