@testable import Configuration
import Testing

@Suite struct NamePatternTests {
    @Test(arguments: [
        ("*", "", true), ("*", "a/b", true), ("a", "a", true), ("a", "b", false), ("a", "a*", false), ("a*", "a", true),
        ("a*", "a*b", true), ("*a*", "bab", true), ("a*b", "a*", false), ("**", "*", true), ("*", "**", true),
        ("vision/*", "vision/*/large", true), ("vision/*", "vision", false), ("*ab", "aab", true), ("", "", true),
        ("", "a", false), ("a*a", "a", false), ("*b*", "a*", false),
    ])
    func coversWhatEveryMatchOfTheOtherMatches(_ pattern: String, _ other: String, _ isCovered: Bool) {
        #expect(NamePattern(pattern).covers(NamePattern(other)) == isCovered)
    }

    @Test(arguments: [
        ("a*", "*b", true), ("a*", "b*", false), ("a", "a", true), ("a", "b", false), ("*", "", true),
        ("a*c", "ab*", true),
        ("a*c", "*b", false), ("vision/*", "vision", false), ("", "", true), ("", "a", false), ("**", "a", true),
    ])
    func overlapsWhereOneNameMatchesBoth(_ pattern: String, _ other: String, _ overlap: Bool) {
        #expect(NamePattern(pattern).overlaps(NamePattern(other)) == overlap)
        #expect(NamePattern(other).overlaps(NamePattern(pattern)) == overlap)
    }

    /// All texts of up to `length` characters of `alphabet`.
    private static func texts(of alphabet: [String], upTo length: Int) -> [String] {
        var all = [""]
        var latest = [""]
        for _ in 0..<length {
            latest = latest.flatMap { text in alphabet.map { text + $0 } }
            all += latest
        }
        return all
    }

    @Test func agreesWithTryingEveryShortName() {
        // "c" stands for all characters that no pattern names; without it `*` could be covered by listing the alphabet.
        let names = Self.texts(of: ["a", "b", "c"], upTo: 6).map(NamePattern.init)
        let patterns = Self.texts(of: ["a", "b", "*"], upTo: 3).map(NamePattern.init)
        let matches = patterns.map { pattern in Set(names.indices.filter { pattern.covers(names[$0]) }) }
        for (i, first) in patterns.enumerated() {
            for (j, second) in patterns.enumerated() {
                let (mine, theirs) = (matches[i], matches[j])
                #expect(first.covers(second) == theirs.isSubset(of: mine), "\(first.text) covers \(second.text)")
                #expect(first.overlaps(second) == !mine.isDisjoint(with: theirs), "\(first.text) and \(second.text)")
            }
        }
    }
}
