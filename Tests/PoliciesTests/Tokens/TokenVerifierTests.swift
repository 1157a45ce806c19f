import Configuration
import Policies
import Synchronization
import Tensors
import Testing

@Suite struct TokenVerifierTests {
    @Test func aGoodTokenIsItsConsumers() throws {
        #expect(try TestIssuer.verifier().name(TestIssuer.token()) == "alice")
    }

    @Test(
        arguments: [
            // Kinds of tokens, kids, audiences in a list, times with fractions, more than is asked for.
            (#"{"alg":"HS256"}"#, nil), (#"{"alg":"HS256","typ":"at+JWT"}"#, nil),
            (#"{"typ":"JWT","alg":"HS256","x":[1]}"#, nil),
            (nil, #"{"iss":"https://login.example/","aud":["a","gate"],"sub":"alice","exp":1800000000.5}"#),
            (
                nil,
                #"{"iss":"https://login.example/","aud":"sluice","sub":"alice","exp":9007199254740992,"more":{"a":[{}]}}"#
            ),
            // The clock may be off by 30 seconds either way.
            (nil, #"{"iss":"https://login.example/","aud":"sluice","sub":"alice","exp":1799999971}"#),
            (
                nil,
                #"{"iss":"https://login.example/","aud":"sluice","sub":"alice","exp":1800000600,"nbf":1800000030,"iat":1800000030}"#
            ),
        ] as [(String?, String?)]) func takes(head: String?, claims: String?) throws
    {
        let token = TestIssuer.token(
            claims ?? TestIssuer.standardClaims, head: head ?? TestIssuer.standardHead)
        #expect(try TestIssuer.verifier().name(token) == "alice")
    }

    @Test func itHoldsUntilItsEndAndTheSkewAndIsCheckedOnce() throws {
        let checks = Atomic<Int>(0)
        let key = TestIssuer.key("k1")
        let counting = SigningKey(id: "k1", algorithm: .hs256) { signature, message in
            checks.add(1, ordering: .relaxed)
            return key.isValid(signature, message)
        }
        let verifier = TestIssuer.verifier(keys: [counting])
        let token = TestIssuer.token()
        for now in [TestIssuer.now, TestIssuer.now + 1, 1_800_000_629] {
            #expect(try verifier.name(token, at: now) == "alice")
        }
        #expect(checks.load(ordering: .relaxed) == 1)
        #expect(verifier.remembered == 1)
        for now in [1_800_000_630, 1_800_000_631, Int64.max / 2] {
            let error = #expect(throws: SluiceError.self) { try verifier.name(token, at: now) }
            #expect(error?.message == "this token has expired")
        }
        #expect(verifier.remembered == 0)
    }

    @Test func aTokenIsRememberedBeforeItsTime() throws {
        let verifier = TestIssuer.verifier()
        let token = TestIssuer.token()
        let error = #expect(throws: SluiceError.self) { try verifier.name(token, at: 1_799_999_959) }
        #expect(error?.message == "this token is not valid yet")
        #expect(try verifier.name(token, at: 1_799_999_960) == "alice")
    }

    @Test func keysThatAreGoneTakeTheirTokensWithThem() throws {
        let set = IssuerKeySet()
        let verifier = TestIssuer.verifier(keys: [TestIssuer.key("k1")], set: set)
        let token = TestIssuer.token()
        #expect(try verifier.name(token) == "alice")
        set.replace([TestIssuer.key("k1"), TestIssuer.key("k2", secret: TestIssuer.publicKey)])
        #expect(try verifier.name(token) == "alice")
        set.replace([TestIssuer.key("k2", secret: TestIssuer.publicKey)])
        #expect(throws: SluiceError.self) { try verifier.name(token) }
        // One id, another key.
        set.replace([TestIssuer.key("k1", secret: TestIssuer.publicKey)])
        #expect(throws: SluiceError.self) { try verifier.name(token) }
        set.replace([TestIssuer.key("k1")])
        #expect(try verifier.name(token) == "alice")
    }

    @Test func aMissingKeyIsAskedForAndTheCallerToldToComeAgain() {
        let set = IssuerKeySet()
        let asked = Atomic<Int>(0)
        set.onMissing { asked.add(1, ordering: .relaxed).newValue == 1 }
        let verifier = TestIssuer.verifier(keys: [TestIssuer.key("other")], set: set)
        let first = #expect(throws: SluiceError.self) { try verifier.name(TestIssuer.token()) }
        let second = #expect(throws: SluiceError.self) { try verifier.name(TestIssuer.token()) }
        #expect(first?.code == .unauthenticated && first?.retryAfterNanoseconds == 1_000_000_000)
        #expect(second?.code == .unauthenticated && second?.retryAfterNanoseconds == nil)
        #expect(asked.load(ordering: .relaxed) == 2)
        // A wrong signature is no reason to ask.
        let verifier2 = TestIssuer.verifier(keys: [TestIssuer.key("k1")], set: set)
        _ = #expect(throws: SluiceError.self) { try verifier2.name(TestIssuer.token(secret: TestIssuer.publicKey)) }
        #expect(asked.load(ordering: .relaxed) == 2)
    }

    @Test func beforeTheFirstReadTheIssuerIsUnavailable() {
        let error = #expect(throws: SluiceError.self) {
            try TestIssuer.verifier(keys: nil).name(TestIssuer.token())
        }
        #expect(error?.code == .issuerUnavailable)
        #expect(error?.retryAfterNanoseconds == 1_000_000_000)
    }

    @Test(
        arguments: [
            (IssuerConfiguration.Owner(claim: nil, otherwise: "guests"), "alice", "guests"),
            (.init(claim: "sub"), "bob", "bob"),
            (.init(claim: "sub"), "nobody", nil),
            (.init(claim: "sub"), "anonymous", nil),
            (.init(claim: "sub", otherwise: "guests"), "anonymous", "guests"),
            (.init(claim: "sub", otherwise: "guests"), "nobody", "guests"),
            (.init(claim: "sub", names: ["00u1": "alice"]), "00u1", "alice"),
            (.init(claim: "sub", names: ["00u1": "alice"]), "bob", nil),
            (.init(claim: "sub", names: ["00u1": "alice"], otherwise: "guests"), "bob", "guests"),
            (.init(claim: "act.sub"), "bob", nil),
        ] as [(IssuerConfiguration.Owner, String, String?)]) func theFileSaysWhoseTokensTheyAre(
            owner: IssuerConfiguration.Owner, subject: String, name: String?
        ) throws
    {
        let token = TestIssuer.token(
            #"{"iss":"https://login.example/","aud":"sluice","sub":"\#(subject)","exp":1800000600}"#)
        let verifier = TestIssuer.verifier(TestIssuer.configuration(owner: owner))
        if let name {
            #expect(try verifier.name(token) == name)
        } else {
            let error = #expect(throws: SluiceError.self) { try verifier.name(token) }
            #expect(error?.message == "this token is no consumer's of this gateway")
        }
    }

    @Test func whatIsRememberedIsBounded() throws {
        let verifier = TestIssuer.verifier()
        for number in 0..<9_000 {
            let claims =
                #"{"iss":"https://login.example/","aud":"sluice","sub":"alice","exp":1800000600,"jti":"\#(number)"}"#
            _ = try verifier.name(TestIssuer.token(claims))
        }
        #expect((4_096...8_192).contains(verifier.remembered))
    }
}
