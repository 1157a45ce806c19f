import Policies
import Testing

@Suite struct ModelPatternsTests {
    @Test(
        arguments: [
            (["iris"], "iris", true),
            (["iris"], "Iris", false),
            (["iris"], "iris2", false),
            (["iris"], "", false),
            ([], "iris", false),
            (["*"], "iris", true),
            (["*"], "", true),
            (["**"], "a/b", true),
            (["vision/*"], "vision/classify", true),
            (["vision/*"], "vision/", true),
            (["vision/*"], "vision/a/b", true),
            (["vision/*"], "vision", false),
            (["*-v1"], "cls-v1", true),
            (["*-v1"], "-v1", true),
            (["*-v1"], "cls-v12", false),
            (["a*b*c"], "abc", true),
            (["a*b*c"], "a-b-b-c", true),
            (["a*b*c"], "acb", false),
            (["ab*ba"], "aba", false),
            (["ab*ba"], "abba", true),
            (["*aab*"], "aaab", true),
            (["*abab*c"], "abaabababc", true),
            (["a*", "iris"], "iris", true),
            (["größe*"], "größe-1", true),
        ] as [([String], String, Bool)]) func allowsJustTheNamesMeant(patterns: [String], model: String, allowed: Bool)
    {
        #expect(ModelPatterns(patterns).allow(model) == allowed)
    }

    @Test func agreesWithPlainRecursionOnRandomPatterns() {
        func reference(_ pattern: Substring, _ name: Substring) -> Bool {
            guard let first = pattern.first else { return name.isEmpty }
            if first == "*" {
                return reference(pattern.dropFirst(), name) || (!name.isEmpty && reference(pattern, name.dropFirst()))
            }
            return name.first == first && reference(pattern.dropFirst(), name.dropFirst())
        }
        var generator = SeededGenerator(seed: 7)
        var matches = 0
        for _ in 0..<20_000 {
            let pattern = String(
                (0..<Int.random(in: 0...7, using: &generator)).map { _ in "ab*".randomElement(using: &generator) ?? "a"
                })
            let name = String(
                (0..<Int.random(in: 0...9, using: &generator)).map { _ in "ab".randomElement(using: &generator) ?? "a" }
            )
            let expected = reference(pattern[...], name[...])
            if expected { matches += 1 }
            #expect(ModelPatterns([pattern]).allow(name) == expected, "\(pattern) \(name)")
        }
        #expect((2_000...18_000).contains(matches))
    }

    @Test func hostileNamesTakeLinearTime() {
        // With backtracking this would take longer than the universe has.
        let pattern = String(repeating: "*a", count: 200) + "*b"
        let name = String(repeating: "a", count: 100_000)
        #expect(!ModelPatterns([pattern]).allow(name))
        #expect(!ModelPatterns(["*" + String(repeating: "a", count: 50_000) + "b*"]).allow(name))
    }
}
