import Tensors
import Testing

@testable import Codecs

@Suite struct ClassificationTests {
    @Test func theBestOfEachRowComeFirst() throws {
        let scores = try Tensor(
            name: "s", dataType: .fp32, shape: [2, 3], copying: [0.25, 0.5, 0.125, 3, -1, 3] as [Float])
        let best = try Classification.top(scores, count: 2, isBatched: true)
        #expect(best.shape == [2, 2])
        #expect(best.strings == ["0.5:1", "0.25:0", "3:0", "3:2"])
        #expect(try Classification.top(scores, count: 100, isBatched: true).shape == [2, 3])
        let all = try Classification.top(scores, count: 1, isBatched: false)
        #expect(all.shape == [1] && all.strings == ["3:3"])
    }

    @Test func whatIsNoNumberComesLast() throws {
        let scores = try Tensor(name: "s", dataType: .fp64, shape: [3], copying: [.nan, -5, .infinity] as [Double])
        #expect(
            try Classification.top(scores, count: 3, isBatched: false).strings.map { $0.suffix(2) } == [
                ":2", ":1", ":0",
            ])
    }

    @Test func textHasNoScores() throws {
        let text = try Tensor(name: "s", shape: [1], strings: ["a"])
        #expect(throws: SluiceError.self) { try Classification.top(text, count: 1, isBatched: false) }
    }

    @Test(
        arguments: [.integer(0), .integer(-1), .string("3"), .bool(true), .double(1.5)] as [Envelope.Parameter.Value])
    func theCountIsAWholeNumberAboveZero(_ value: Envelope.Parameter.Value) {
        #expect(throws: SluiceError.self) { try Classification.count(.init("classification", value)) }
    }
}
