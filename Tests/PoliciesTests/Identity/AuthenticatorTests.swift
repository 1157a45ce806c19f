import Configuration
import Policies
import Tensors
import Testing

@Suite struct AuthenticatorTests {
    private static func consumer(_ name: String) -> Principal {
        Principal(
            Consumer(
                name: name, models: ModelPatterns(["*"]),
                quotas: QuotaLedger(consumer: name, policies: [], now: .init(nanoseconds: 0))))
    }

    private static func authenticator(header: String = "authorization") -> Authenticator {
        let acme = consumer("acme")
        return Authenticator(
            header: header,
            keys: KeyTable(plain: [
                KeyDigest(of: "slk_k1_secret"): .init(principal: acme),
                KeyDigest(of: "slk_k2_secret"): .init(principal: acme, expires: 1_000),
                KeyDigest(of: "slk_k3_secret"): .init(principal: consumer("other")),
                KeyDigest(of: String(repeating: "k", count: 512)): .init(principal: acme),
            ]))
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

    @Test func aPepperMakesOtherHashesOfTheSameKeys() throws {
        let pepper = Pepper(Array("a pepper that is long enough".utf8))
        let table = KeyTable(
            plain: [KeyDigest(of: "old"): .init(principal: Self.consumer("old"))],
            peppered: [pepper.digest(of: Array("new".utf8)): .init(principal: Self.consumer("new"))], pepper: pepper)
        let authenticator = Authenticator(header: "authorization", keys: table)
        #expect(try authenticator.authenticate(headerValue: "Bearer old", nowSeconds: 0).name == "old")
        #expect(try authenticator.authenticate(headerValue: "Bearer new", nowSeconds: 0).name == "new")
        // With another pepper the file's hashes open nothing.
        let other = KeyTable(
            plain: [:], peppered: [pepper.digest(of: Array("new".utf8)): .init(principal: Self.consumer("new"))],
            pepper: Pepper(Array("another pepper of that kind".utf8)))
        #expect(throws: SluiceError.self) {
            try Authenticator(header: "authorization", keys: other)
                .authenticate(headerValue: "Bearer new", nowSeconds: 0)
        }
        // RFC 4231, test case 2.
        #expect(
            Pepper(Array("Jefe".utf8)).digest(of: Array("what do ya want for nothing?".utf8)).hex
                == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    }

    @Test func aCertificateCountsWhereNoKeyIsSentAndTheRouteTakesIt() throws {
        let robot = Self.consumer("robot")
        let authenticator = Authenticator(
            header: "authorization",
            keys: KeyTable(plain: [KeyDigest(of: "key"): .init(principal: Self.consumer("acme"))]),
            certificates: ["dns:robot.example": robot], kinds: [.apiKeys, .certificates])
        let peer = Peer(address: nil, certificate: CertificateNames(["cn:nobody", "dns:robot.example"]))
        func name(_ key: String?, _ kinds: IdentityKinds, _ peer: Peer) -> String? {
            let proof = authenticator.read(ShownCredentials(key: key, peer: peer)).proof
            return try? authenticator.authenticate(proof, kinds: kinds, nowSeconds: 0).name
        }
        #expect(name(nil, [.apiKeys, .certificates], peer) == "robot")
        #expect(name(nil, .certificates, peer) == "robot")
        #expect(name(nil, .apiKeys, peer) == nil)
        #expect(name("Bearer key", [.apiKeys, .certificates], peer) == "acme")
        #expect(name("Bearer wrong", [.apiKeys, .certificates], peer) == nil)
        #expect(name("Bearer key", .certificates, peer) == nil)
        #expect(name(nil, .certificates, Peer(address: nil, certificate: CertificateNames(["dns:other"]))) == nil)
        #expect(name(nil, .certificates, .unknown) == nil)
        // A name in a header is a key like any other.
        for text in [
            "dns:robot.example", "Bearer dns:robot.example", "\0dns:robot.example", "Bearer \0dns:robot.example",
        ] {
            #expect(name(text, [.apiKeys, .certificates], .unknown) == nil)
        }
    }

    @Test(
        arguments: [
            (.apiKeys, "authorization", "an API key is needed: send it as Authorization: Bearer KEY"),
            (.tokens, "authorization", "a token (JWT) is needed: send it as Authorization: Bearer TOKEN"),
            (.tokens, "x-api-key", "a token (JWT) is needed: send it as Authorization: Bearer TOKEN"),
            (
                [.apiKeys, .tokens], "authorization",
                "an API key or a token (JWT) is needed: send it as Authorization: Bearer KEY"
            ),
            (
                [.apiKeys, .tokens], "x-api-key",
                "an API key or a token (JWT) is needed: send the key in the header x-api-key, or the token as Authorization: Bearer TOKEN"
            ),
            (.certificates, "authorization", "a client certificate is needed that this gateway knows"),
            (
                [.apiKeys, .certificates], "authorization",
                "an API key is needed: send it as Authorization: Bearer KEY, or show a client certificate"
            ),
        ] as [(IdentityKinds, String, String)]) func whoShowsNothingIsToldWhatIsTaken(
            kinds: IdentityKinds, header: String, message: String
        )
    {
        let authenticator = Authenticator(header: header, keys: KeyTable(plain: [:]), kinds: kinds)
        let error = #expect(throws: SluiceError.self) {
            try authenticator.authenticate(.absent, kinds: kinds, nowSeconds: 0)
        }
        #expect(error?.message == message)
    }
}

extension Authenticator {
    /// Says whose key the value of the key header holds.
    func authenticate(headerValue: String?, nowSeconds: Int64) throws(SluiceError) -> Principal {
        try authenticate(read(ShownCredentials(key: headerValue)).proof, kinds: .apiKeys, nowSeconds: nowSeconds)
    }
}
