import Configuration
@testable import Policies
import Tensors
import Testing

/// Who guesses at keys learns nothing of which there are: every guess takes the same way to the same answer.
@Suite struct EnumerationTests {
    private static let pepper = Pepper(Array("a pepper of the tests".utf8))

    private static func table() -> KeyTable {
        let owner = Principal(
            Consumer(
                name: "acme", models: ModelPatterns(["*"]),
                quotas: QuotaLedger(consumer: "acme", policies: [], now: .init(nanoseconds: 0))))
        return KeyTable(
            plain: [KeyDigest(of: "slk_plain_secret"): .init(principal: owner)],
            peppered: [pepper.digest(of: "slk_peppered_secret".utf8): .init(principal: owner)], pepper: pepper)
    }

    /// A known id with a wrong secret, ids that there are not, other people's keys, nearly right ones.
    private static let guesses = [
        "slk_plain_guess", "slk_peppered_guess", "slk_nobody_guess", "slk_plain_secrets", "slk_plain_secre",
        "slk_plain_", "slk_", "sk-1234567890", "x",
    ]

    @Test(arguments: guesses) func everyGuessIsDigestedInEveryWay(guess: String) {
        let table = Self.table()
        let presented = table.presented(Array(guess.utf8).span)
        // The file is asked by digests of the whole key alone: no id is looked up on the way to them.
        #expect(presented.plain == KeyDigest(of: guess))
        #expect(presented.peppered == Self.pepper.digest(of: guess.utf8))
        #expect(table.entry(of: presented) == nil)
    }

    @Test func everyGuessGetsTheSameAnswer() {
        let authenticator = Authenticator(header: "authorization", keys: Self.table())
        var answers: Set<String> = []
        for guess in Self.guesses {
            let proof = authenticator.read(ShownCredentials(key: "Bearer \(guess)")).proof
            let error = #expect(throws: SluiceError.self) {
                try authenticator.authenticate(proof, kinds: .apiKeys, nowSeconds: 0)
            }
            answers.insert("\(error?.code.text ?? "") \(error?.message ?? "") \(error?.detail ?? [])")
        }
        #expect(answers == ["unauthenticated this API key is not known here []"])
    }

    @Test func digestsAreTheSameInEveryBitOrNotAtAll() {
        let digits = Array(repeating: "0", count: 64)
        let zero = KeyDigest(hex: digits.joined())
        #expect(zero == KeyDigest(hex: digits.joined()))
        for place in 0..<64 {
            for digit in ["1", "2", "4", "8"] {
                var other = digits
                other[place] = digit
                #expect(KeyDigest(hex: other.joined()) != zero, "digit \(place)")
            }
        }
    }
}
