import Routing
import Tensors
import Testing

@Suite struct ShadowAnswerTests {
    private static func texts(_ texts: [String], _ name: String = "t") throws -> Tensor {
        try Tensor(name: name, shape: [texts.count], strings: texts)
    }

    private static func numbers(_ values: [Float], _ shape: [Int]? = nil) throws -> Tensor {
        try Tensor(name: "n", dataType: .fp32, shape: shape ?? [values.count], copying: values)
    }

    private static func answer(_ parts: [[Tensor]]) -> ShadowAnswer {
        var answer = ShadowAnswer()
        for part in parts { answer.add(part) }
        return answer
    }

    @Test func oneOfOnePartIsComparedElementByElement() throws {
        let one = Self.answer([[try Self.texts(["a", "b"]), try Self.numbers([1, 2])]])
        let other = Self.answer([[try Self.numbers([1, 3]), try Self.texts(["a", "c"])]])
        let differences = one.differences(from: other)
        #expect(differences.map(\.output) == ["t", "n"])
        #expect(differences[0].difference?.rows == 2 && differences[0].difference?.agreeing == 1)
        #expect(differences[1].difference?.maxError == 1)
    }

    /// The same text cut anywhere, within characters too, is the same text.
    @Test func textsAreOneTextHoweverTheyAreCut() throws {
        let bytes = Array("Grüße 😀".utf8)
        var generator = SplitMix(seed: 5)
        for _ in 0..<50 {
            func cut() throws -> ShadowAnswer {
                var answer = ShadowAnswer()
                var start = 0
                while start < bytes.count {
                    let end = min(bytes.count, start + Int.random(in: 1...4, using: &generator))
                    let empty = try Self.texts([""])
                    answer.add([try empty.replacingTexts([0: Array(bytes[start..<end])])])
                    start = end
                }
                answer.add([])
                return answer
            }
            let difference = try cut().differences(from: cut())[0].difference
            #expect(difference?.rows == 1 && difference?.agreeing == 1)
            let whole = try Self.answer([[Self.texts(["Grüße 😀"])]]).differences(from: cut())[0].difference
            #expect(whole?.agreeing == 1)
            let other = try Self.answer([[Self.texts(["Grüße 😁"])]]).differences(from: cut())[0].difference
            #expect(other?.rows == 1 && other?.agreeing == 0)
        }
    }

    @Test func numbersFollowOneAnother() throws {
        let one = Self.answer([[try Self.numbers([1, 2])], [try Self.numbers([3])]])
        let other = Self.answer([[try Self.numbers([1])], [try Self.numbers([2, 5])]])
        #expect(one.differences(from: other)[0].difference?.maxError == 2)
        let longer = Self.answer([[try Self.numbers([1, 2, 3, 4])]])
        #expect(one.differences(from: longer)[0].difference == nil)
        // Rows of other widths can't follow one another, nor can scalars.
        let ragged = Self.answer([[try Self.numbers([1, 2], [1, 2])], [try Self.numbers([3], [1, 1])]])
        #expect(ragged.differences(from: ragged)[0].difference == nil)
        let scalars = Self.answer([[try Self.numbers([1], [])], [try Self.numbers([2], [])]])
        #expect(scalars.differences(from: scalars)[0].difference == nil)
    }

    @Test func whatOnlyOneSideHasIsDifferent() throws {
        let one = Self.answer([[try Self.texts(["a"])], [try Self.texts(["x"], "u")]])
        let differences = one.differences(from: Self.answer([[try Self.texts(["a"])]]))
        #expect(differences.map(\.output) == ["t", "u"])
        #expect(differences[0].difference?.agreeing == 1 && differences[1].difference == nil)
        #expect(one.differences(from: ShadowAnswer()).allSatisfy { $0.difference == nil })
        #expect(ShadowAnswer().differences(from: one).isEmpty)
    }
}
