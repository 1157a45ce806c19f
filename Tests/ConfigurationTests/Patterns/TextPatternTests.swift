import Configuration
import Testing

@Suite struct TextPatternTests {
    private static func found(_ pattern: String, in text: String) throws -> [String] {
        let bytes = Array(text.utf8)
        return try TextPattern(pattern).spans(in: bytes.span).map { String(decoding: bytes[$0], as: UTF8.self) }
    }

    @Test(
        arguments: [
            ("abc", "xabcabcx", ["abcabc"]), ("abc", "ab", []), ("a.c", "abc a\nc axc", ["abc", "axc"]),
            ("[0-9]{2,3}", "1 12 123 1234", ["12", "123", "1234"]), ("TCK-\\d{4}", "see TCK-1234.", ["TCK-1234"]),
            ("\\bcat\\b", "cat concat cats cat", ["cat", "cat"]), ("(a|bc)+d", "abcad bcd d", ["abcad", "bcd"]),
            ("[^a-z ]+", "ab CD ef", ["CD"]), ("colou?r", "color colour colouur", ["color", "colour"]),
            ("\\w+@x", "a_1@x b@y", ["a_1@x"]), ("ä+", "aääb", ["ää"]), ("[]x]", "a]bx", ["]", "x"]),
            ("[a-]+", "b-a-b", ["-a-"]), ("a{2}", "aaaa a", ["aaaa"]), ("(?:ab)*c", "ababc", ["ababc"]),
            ("\\.\\^\\$", ".^$", [".^$"]), ("\\S+", "a b", ["a", "b"]), ("(x+x+)+y", "xxxxy", ["xxxxy"]),
        ] as [(String, String, [String])])
    func findsWhatItMeans(pattern: String, text: String, found: [String]) throws {
        #expect(try Self.found(pattern, in: text) == found)
    }

    @Test(
        arguments: [
            ("", "a pattern can't be empty"), ("a*", "it would match nothing at all"), ("(", "a ) is missing"),
            (")", "this ) closes nothing"), ("[a", "a ] is missing"), ("*a", "there is nothing to repeat before it"),
            ("a**", "a repetition can't be repeated, nor be lazy; put it in a group"),
            ("a+?", "a repetition can't be repeated, nor be lazy; put it in a group"),
            ("(?=a)b", "of groups with a ? there is only (?:…)"), ("(a)\\1", "there is no \\ with this character"),
            ("^a", "there are no anchors here but \\b; write \\^ or \\$ for the character"),
            ("a{65}", "repetitions go from 0 to 64, the smaller number first"),
            ("a{3,2}", "repetitions go from 0 to 64, the smaller number first"),
            ("((a{64}){64}){64}", "it is too large once its repetitions are written out"),
            ("[z-a]", "this range goes nowhere"), ("[ä]", "classes are of ASCII characters; write others as (ä|ö)"),
            (
                String(repeating: "(", count: 40) + "a" + String(repeating: ")", count: 40),
                "groups are too deep within each other"
            ),
            (String(repeating: "a", count: 513), "a pattern has at most 512 bytes"),
        ])
    func saysWhatIsNone(pattern: String, reason: String) {
        let mistake = #expect(throws: TextPattern.Mistake.self) { try TextPattern(pattern) }
        #expect(mistake?.reason == reason)
    }

    /// Patterns that take engines which try again and again for ever: counted in steps, as clocks lie.
    @Test(arguments: ["(x+x+)+y", "(a|a)*b", "(a|aa)+x", "(.*)*z", "([a-z]+)*[0-9]", "(x*)*y"])
    func stepsGrowWithTheTextAndNoFaster(pattern: String) throws {
        let compiled = try TextPattern(pattern)
        for filler in ["x", "a", "ab"] {
            var counts: [Int] = []
            for length in [1_000, 10_000, 100_000] {
                let bytes = Array(String(repeating: filler, count: length / filler.utf8.count).utf8)
                var steps = 0
                _ = compiled.spans(in: bytes.span, steps: &steps)
                #expect(steps <= (bytes.count + 1) * compiled.stateCount)
                counts.append(steps)
            }
            #expect(counts[2] <= counts[1] * 11 && counts[1] <= counts[0] * 11)
        }
    }

    /// What it finds is what trying every start and end finds, joined where it overlaps.
    @Test func agreesWithASimpleSearchOnRandomTexts() throws {
        var generator = SplitMix(state: 9)
        // Each with whether a whole text is one of its matches, told by hand.
        let patterns: [(String, (String) -> Bool)] = [
            ("ab+", { $0.first == "a" && $0.count > 1 && $0.dropFirst().allSatisfy { $0 == "b" } }),
            (
                "(ab|ba)+",
                { text in
                    text.count.isMultiple(of: 2) && !text.isEmpty
                        && stride(from: 0, to: text.count, by: 2).allSatisfy {
                            ["ab", "ba"].contains(String(text.dropFirst($0).prefix(2)))
                        }
                }
            ),
            ("a{2,3}c?", { ["aa", "aaa", "aac", "aaac"].contains($0) }),
        ]
        for _ in 0..<300 {
            let text = String(
                (0..<Int.random(in: 0...14, using: &generator)).map { _ in "abc".randomElement(using: &generator) ?? "a"
                })
            let bytes = Array(text.utf8)
            for (pattern, isMatch) in patterns {
                var covered = Array(repeating: false, count: bytes.count)
                for start in 0..<bytes.count {
                    for end in start..<bytes.count where isMatch(String(decoding: bytes[start...end], as: UTF8.self)) {
                        for index in start...end { covered[index] = true }
                    }
                }
                var found = Array(repeating: false, count: bytes.count)
                for span in try TextPattern(pattern).spans(in: bytes.span) { for index in span { found[index] = true } }
                #expect(found == covered, "\(pattern) in \(text)")
            }
        }
    }
}
