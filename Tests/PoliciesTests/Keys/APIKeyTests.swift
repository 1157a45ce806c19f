import Policies
import Tensors
import Testing

/// Gives the same numbers each time.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

@Suite struct APIKeyTests {
    @Test func textCarriesTheIDAnd256Bits() throws {
        let zeros = try APIKey.generate(id: "k1", words: [0, 0, 0, 0])
        #expect(zeros.text == "slk_k1_" + String(repeating: "A", count: 43))
        // 256 bits are 42 digits of 6 and one of 4, padded with zeros: 111100 is "8".
        let ones = try APIKey.generate(id: "k1", words: [.max, .max, .max, .max])
        #expect(ones.text == "slk_k1_" + String(repeating: "_", count: 42) + "8")
    }

    @Test func secretHas43URLSafeCharacters() throws {
        let key = try APIKey.generate(id: "team-a.2026")
        #expect(key.text.wholeMatch(of: /slk_team-a\.2026_[A-Za-z0-9_-]{43}/) != nil)
        #expect(key.digest == KeyDigest(of: key.text))
    }

    @Test func keysDiffer() throws {
        let keys = try (0..<100).map { _ in try APIKey.generate(id: "k").text }
        #expect(Set(keys).count == 100)
    }

    @Test func printingShowsNoSecret() throws {
        let key = try APIKey.generate(id: "k1")
        let secret = key.text.dropFirst("slk_k1_".count)
        var dumped = ""
        dump(key, to: &dumped)
        for text in ["\(key)", String(reflecting: key), dumped] {
            #expect(!text.contains(secret))
            #expect(text.contains("k1"))
        }
    }

    @Test(arguments: ["", "a b", "a_b", "ä", "a\n", String(repeating: "a", count: 65)])
    func refusesIDsThatWouldNotFitAKey(id: String) {
        let error = #expect(throws: SluiceError.self) { try APIKey.generate(id: id) }
        #expect(error?.code == .invalidParameter)
        #expect(error?.message.hasPrefix("a key's id is 1 to 64 letters, digits, \"-\" or \".\"") == true)
    }
}

@Suite struct KeyDigestTests {
    /// FIPS 180-2, appendix B.1.
    private static let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

    @Test func isTheSHA256OfTheText() {
        #expect(KeyDigest(of: "abc").hex == Self.abc)
        #expect(KeyDigest(of: "abc").text == "sha256:" + Self.abc)
        #expect(KeyDigest(of: "").hex == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }

    @Test func readsHexWithAndWithoutItsScheme() {
        #expect(KeyDigest(hex: Self.abc) == KeyDigest(of: "abc"))
        #expect(KeyDigest(hex: "sha256:" + Self.abc.uppercased()) == KeyDigest(of: "abc"))
    }

    @Test func keepsLeadingZeros() {
        let text = String(repeating: "0", count: 63) + "1"
        #expect(KeyDigest(hex: text)?.hex == text)
    }

    @Test func differsInEachWord() {
        let zero = String(repeating: "0", count: 64)
        for index in [0, 16, 32, 48, 63] {
            var digits = Array(zero)
            digits[index] = "1"
            #expect(KeyDigest(hex: String(digits)) != KeyDigest(hex: zero))
        }
    }

    @Test(arguments: [
        "", "sha256:", String(abc.dropLast()), abc + "0", "sha512:" + abc, String(abc.dropLast()) + "g",
        String(abc.dropLast(2)) + "é", "sha256:sha256:" + abc,
    ]) func refusesOtherTexts(text: String) {
        #expect(KeyDigest(hex: text) == nil)
    }
}
