import Configuration
@testable import Policies
import Testing

@Suite struct SealingTests {
    private static let secrets = ["a": "the first secret, of 32 bytes or", "b": "the other secret, of more than 32"]

    private func keys(_ ids: String..., write: EncryptionConfiguration.Form = .sealed) -> SealingKeys {
        SealingKeys(
            EncryptionConfiguration(
                keys: ids.map {
                    .init(id: $0, secret: Secret(reference: "env:X", bytes: Array((Self.secrets[$0] ?? "").utf8)))
                },
                write: write))
    }

    private func open(_ keys: SealingKeys, _ bytes: [UInt8], as purpose: SealingKeys.Purpose = .state) throws -> [UInt8]
    {
        try keys.open(try #require(SealedBox(bytes)), as: purpose)
    }

    @Test(arguments: [0, 1, 15, 16, 17, 100_000]) func whatIsSealedIsOpened(count: Int) throws {
        let plain = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let bytes = try keys("a").seal(plain, as: .state)
        #expect(SealedBox.isOne(bytes))
        // By another process, and by one whose first key is another one by now.
        #expect(try open(keys("a"), bytes) == plain)
        #expect(try open(keys("b", "a"), bytes) == plain)
        #expect(try open(keys("a", write: .plain), bytes) == plain)
    }

    @Test func nothingOfItShowsAndNoTwoAreAlike() throws {
        let plain = Array("consumer acme, and much of it: aaaaaaaaaaaaaaaaaaaaaaaaaaa".utf8)
        let sealing = keys("a")
        let boxes =
            try (0..<100).map { _ in try sealing.seal(plain, as: .state) } + [try keys("a").seal(plain, as: .state)]
        #expect(Set(boxes).count == boxes.count)
        for box in boxes { #expect(box.firstRange(of: Array("acme".utf8)) == nil) }
    }

    @Test func everyChangedBitIsNoticed() throws {
        let sealing = keys("a", "b")
        let bytes = try sealing.seal(Array("used: 7".utf8), as: .quota)
        for place in bytes.indices {
            for bit in 0..<8 {
                var changed = bytes
                changed[place] ^= 1 << UInt8(bit)
                guard let box = SealedBox(changed) else { continue }
                #expect(throws: SealingFailure.self) { try sealing.open(box, as: .quota) }
            }
        }
        for count in bytes.indices {
            guard let box = SealedBox(Array(bytes[..<count])) else { continue }
            #expect(throws: SealingFailure.self) { try sealing.open(box, as: .quota) }
        }
    }

    @Test func whatCanNotBeOpenedSaysWhy() throws {
        let bytes = try keys("a").seal([1, 2, 3], as: .state)
        #expect(
            throws: SealingFailure(description: #"is encrypted with key "a", which encryption.keys doesn't have"#)
        ) { try open(keys("b"), bytes) }
        let other = SealingKeys(
            EncryptionConfiguration(
                keys: [.init(id: "a", secret: Secret(reference: "env:X", bytes: Array(repeating: 7, count: 32)))]))
        let wrong = SealingFailure(
            description: #"can't be decrypted with key "a": the secret is another one, or the file was changed"#)
        #expect(throws: wrong) { try open(other, bytes) }
        // A state isn't a count.
        #expect(throws: wrong) { try open(keys("a"), bytes, as: .quota) }
    }

    @Test func whatIsCurrentIsOfTheFirstKey() throws {
        let box = try #require(SealedBox(try keys("a").seal([1], as: .state)))
        #expect(keys("a").isCurrent(box) && keys("a", "b").isCurrent(box))
        #expect(!keys("b", "a").isCurrent(box) && !keys("a", write: .plain).isCurrent(box))
        #expect(keys("b", "a").opens(keys("a")) && !keys("b").opens(keys("a")))
        #expect(keys("b").opens(keys("a", write: .plain)))
    }

    @Test func namesAreTheSameForOneKeyOnly() {
        #expect(keys("a").name(of: "consumer/acme") == keys("a", "b").name(of: "consumer/acme"))
        #expect(keys("a").name(of: "consumer/acme") != keys("b").name(of: "consumer/acme"))
        #expect(keys("a").name(of: "consumer/acme") != keys("a").name(of: "consumer/acmf"))
    }
}

extension [UInt8] {
    /// Where a part of it begins.
    fileprivate func firstRange(of part: [UInt8]) -> Int? {
        indices.first { self[$0...].starts(with: part) }
    }
}
