import Policies
import Tensors
import Testing

@Suite struct AuthenticatorTests {
    private static func consumer(_ name: String) -> Consumer {
        Consumer(
            name: name, models: ModelPatterns(["*"]),
            quotas: QuotaLedger(consumer: name, policies: [], now: .init(nanoseconds: 0)))
    }

    private static func authenticator(header: String = "authorization") -> Authenticator {
        let acme = consumer("acme")
        return Authenticator(
            header: header,
            entries: [
                KeyDigest(of: "slk_k1_secret"): .init(consumer: acme),
                KeyDigest(of: "slk_k2_secret"): .init(consumer: acme, expires: 1_000),
                KeyDigest(of: "slk_k3_secret"): .init(consumer: consumer("other")),
                KeyDigest(of: String(repeating: "k", count: 512)): .init(consumer: acme),
            ])
    }

    @Test(arguments: [
        ("Bearer slk_k1_secret", "acme"),
        ("bearer slk_k1_secret", "acme"),
        ("BEARER   slk_k3_secret ", "other"),
        ("Bearer\tslk_k3_secret", "other"),
        ("Bearer " + String(repeating: "k", count: 512), "acme"),
    ]) func knowsWhoseKeyItIs(value: String, name: String) throws {
        #expect(try Self.authenticator().authenticate(headerValue: value, nowSeconds: 0).name == name)
    }

    @Test func anotherHeaderHoldsTheBareKey() throws {
        let authenticator = Self.authenticator(header: "x-api-key")
        #expect(try authenticator.authenticate(headerValue: "slk_k1_secret", nowSeconds: 0).name == "acme")
        #expect(try authenticator.authenticate(headerValue: " slk_k1_secret\t", nowSeconds: 0).name == "acme")
        #expect(throws: SluiceError.self) {
            try authenticator.authenticate(headerValue: "Bearer slk_k1_secret", nowSeconds: 0)
        }
    }

    private static let missing = "an API key is needed: send it as Authorization: Bearer KEY"
    private static let unknown = "this API key is not known here"

    @Test(
        arguments: [
            (nil, missing),
            ("", missing),
            ("   ", missing),
            ("Bearer", missing),
            ("Bearer  ", missing),
            ("Basic slk_k1_secret", missing),
            ("Bearerslk_k1_secret", missing),
            ("slk_k1_secret", missing),
            ("Be", missing),
            ("Bearer slk_k1_secre", unknown),
            ("Bearer slk_k1_secret2", unknown),
            ("Bearer SLK_K1_SECRET", unknown),
            ("Bearer slk_k1_secret slk_k1_secret", unknown),
            ("Bearer \u{0}", unknown),
            ("Bearer " + String(repeating: "k", count: 513), unknown),
            ("Bearer " + String(repeating: "k", count: 1 << 20), unknown),
        ] as [(String?, String)]) func refusesAllElse(value: String?, message: String)
    {
        let error = #expect(throws: SluiceError.self) {
            try Self.authenticator().authenticate(headerValue: value, nowSeconds: 0)
        }
        #expect(error?.code == .unauthenticated)
        #expect(error?.message == message)
    }

    @Test func aMissingKeyNamesTheHeaderToUse() {
        let error = #expect(throws: SluiceError.self) {
            try Self.authenticator(header: "x-api-key").authenticate(headerValue: nil, nowSeconds: 0)
        }
        #expect(error?.message == "an API key is needed: send it in the header x-api-key")
    }

    @Test func aKeyExpiresOnTheSecond() throws {
        let authenticator = Self.authenticator()
        #expect(try authenticator.authenticate(headerValue: "Bearer slk_k2_secret", nowSeconds: 999).name == "acme")
        for now in [1_000, .max] as [Int64] {
            let error = #expect(throws: SluiceError.self) {
                try authenticator.authenticate(headerValue: "Bearer slk_k2_secret", nowSeconds: now)
            }
            #expect(error?.code == .unauthenticated)
            #expect(error?.message == "this API key has expired")
        }
    }

    @Test func errorsHoldNoPartOfTheKey() {
        for value in ["Bearer planted-secret", "planted-secret", "Bearer slk_k2_secret"] {
            let error = #expect(throws: SluiceError.self) {
                try Self.authenticator().authenticate(headerValue: value, nowSeconds: 2_000)
            }
            #expect(error.map { String(reflecting: $0).contains("secret") } == false)
        }
    }

    @Test func challengesAsHTTPAsksOfA401() {
        #expect(Self.authenticator().challenge == "Bearer realm=\"sluice\"")
        #expect(Self.authenticator(header: "x-api-key").challenge == "ApiKey realm=\"sluice\", header=\"x-api-key\"")
    }
}
