import Testing

@testable import Configuration

@Suite struct CostExpressionTests {
    private static let facts: QuotaFacts = {
        var facts = QuotaFacts()
        facts.rows = 4
        facts.elements = 2_500
        facts.bytesIn = 10_000
        facts.tokens = 7
        return facts
    }()

    @Test(
        arguments: [
            ("1", 1), ("requests", 1), ("rows", 4), ("1 + 2 * 3", 7), ("(1 + 2) * 3", 9), ("8 / 2 / 2", 2),
            ("10 - 3 - 2", 5), ("1 + elements / 1000", 3.5), ("ceil(elements / 1000)", 3), ("floor(elements/1000)", 2),
            ("max(tokens, 10) * 0.5", 5), ("min(tokens, 10)", 7), ("- -3", 3), ("2 * -3 + 7", 1), ("-5", 0),
            ("5 / bytes_out", 0), ("1_000 * rows", 4_000), ("tokens - rows - 100", 0),
            ("1000000000000 * 1000000000000", 1e12), ("max(min(rows, 2), min(tokens, 3))", 3), (" 1\t+\n2 ", 3),
        ] as [(String, Double)])
    func costsWhatItSays(text: String, cost: Double) throws {
        if text == "-5" {
            #expect(throws: CostParser.Mistake.self) { try CostParser.parse(text) }
            return
        }
        #expect(try CostParser.parse(text).evaluate(Self.facts) == cost)
    }

    @Test func knowsWhatItDependsOn() throws {
        #expect(try CostParser.parse("1 + tokens * 2 + tokens / rows").facts == [.tokens, .rows])
    }

    @Test func isBoundedInEveryWay() {
        func message(_ text: String) -> String? {
            do throws(CostParser.Mistake) {
                _ = try CostParser.parse(text)
                return nil
            } catch {
                return error.message
            }
        }
        #expect(
            message(String(repeating: "1+", count: 249) + "1") == "a cost has at most 64 numbers, names and operations")
        #expect(message(String(repeating: "1", count: 501)) == "a cost has at most 500 characters, not 501")
        #expect(message(String(repeating: "(", count: 400)) == "this cost is nested too deeply")
        #expect(message(String(repeating: "-", count: 400) + "1") == "there are too many signs")
        #expect(message(String(repeating: "min(1,", count: 80)) == "this cost is nested too deeply")
        let nested = String(repeating: "(", count: 16) + "1" + String(repeating: ")", count: 16)
        #expect(message(nested) == nil)
        #expect(message("1" + (1...31).map { " + \($0)" }.joined()) == nil)
    }

    /// Whatever is written: it is an expression or a mistake within the text, and its value is a cost.
    @Test(arguments: 0..<40) func nothingThatIsWrittenDoesHarm(seed: UInt64) {
        var generator = TestGenerator(state: seed &* 0x9E37_79B9 | 1)
        let pieces = [
            "1", "2.5", "0", "elements", "tokens", "rows", "+", "-", "*", "/", "(", ")", ",", "min(", "max(", "ceil(",
            " ",
            "x", "é", ".", "1e9", "min", "99999999999999",
        ]
        for _ in 0..<300 {
            let count = Int.random(in: 0...14, using: &generator)
            let text = (0..<count).map { _ in pieces.randomElement(using: &generator) ?? "" }.joined()
            do throws(CostParser.Mistake) {
                let cost = try CostParser.parse(text).evaluate(Self.facts)
                #expect((0...CostExpression.most).contains(cost), "\(text)")
            } catch {
                #expect((0...max(text.unicodeScalars.count, 0)).contains(error.offset), "\(text)")
                #expect(error.length >= 0 && !error.message.isEmpty)
            }
        }
    }

    private struct TestGenerator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            // xorshift64*, after Vigna.
            state ^= state >> 12
            state ^= state << 25
            state ^= state >> 27
            return state &* 0x2545_F491_4F6C_DD1D
        }
    }
}
