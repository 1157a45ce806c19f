import Routing
import Tensors
import Testing

@Suite struct ShadowTallyTests {
    private static func difference(_ left: [Float], _ right: [Float]) throws -> TensorDifference? {
        TensorDifference(
            try Tensor(name: "s", dataType: .fp32, shape: [left.count / 2, 2], copying: left),
            try Tensor(name: "s", dataType: .fp32, shape: [right.count / 2, 2], copying: right))
    }

    @Test func addsUpWhatItIsTold() throws {
        var tally = ShadowTally()
        #expect(tally.meanAnswerNanoseconds == nil)
        tally.compared(
            [("s", try Self.difference([1, 0, 0, 1], [1, 0, 3, 1]))], answerNanoseconds: 100, shadowNanoseconds: 300)
        tally.compared(
            [("s", try Self.difference([1, 0], [0.5, 0])), ("t", nil)], answerNanoseconds: 200, shadowNanoseconds: 100)
        #expect(tally.compared == 2)
        #expect((tally.meanAnswerNanoseconds, tally.meanShadowNanoseconds) == (150, 200))
        #expect(tally.outputs.map(\.name) == ["s", "t"])
        #expect((tally.outputs[0].rows, tally.outputs[0].agreeing) == (3, 2))
        #expect(tally.outputs[0].maxError == 3)
        #expect((tally.outputs[1].rows, tally.outputs[1].different) == (0, 1))
        #expect(tally.outputs[1].agreement == nil && tally.outputs[1].maxError == nil)
        tally.failed(code: "plugin_crashed")
        tally.failed(code: "plugin_crashed")
        tally.leftOut(isFull: true)
        tally.leftOut(isFull: false)
        #expect(tally.failures == ["plugin_crashed": 2] && tally.failed == 2)
        #expect((tally.busy, tally.full) == (1, 1))
    }
}
