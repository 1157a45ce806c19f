@testable import Configuration
import Testing

@Suite struct SuggestionTests {
    @Test(arguments: [
        ("adress", "address"), ("Address", "address"), ("addresss", "address"), ("adderss", "address"),
        ("max_boddy", "max_body"), ("cls-v3", "cls-v1"), ("irs", "iris"),
    ])
    func slipsAreUnderstood(_ written: String, _ meant: String) {
        #expect(Suggestion.nearest(to: written, in: ["cls-v1", "cls-v10", "address", "max_body", "iris"]) == meant)
    }

    @Test(arguments: ["", "a", "weight", "cls", String(repeating: "address", count: 20)])
    func whatIsLikeNothingIsNotGuessed(_ written: String) {
        #expect(Suggestion.nearest(to: written, in: ["cls-v1", "address", "b"]) == nil)
    }

    @Test func ofEquallyNearNamesTheFirstByAlphabetIsTaken() {
        #expect(Suggestion.nearest(to: "cls-v3", in: ["cls-v2", "cls-v1"]) == "cls-v1")
    }

    @Test(arguments: [
        ("", "", 0), ("", "abc", 3), ("abc", "", 3), ("abc", "abc", 0), ("kitten", "sitting", 3), ("ab", "ba", 1),
        ("listners", "listeners", 1),
    ])
    func editDistanceCountsSlips(_ a: String, _ b: String, _ distance: Int) {
        #expect(Suggestion.editDistance(Array(a.unicodeScalars), Array(b.unicodeScalars)) == distance)
    }

    @Test func manyNamesAreCutShort() {
        let names = (1...15).map { "model-\($0)" }
        #expect(
            Suggestion.text(for: "x", in: names, label: "known models")
                == "known models: " + names.prefix(12).joined(separator: ", ") + ", and 3 more")
    }
}
