import Tensors
import Testing

@testable import Codecs

@Suite struct TopScoresTests {
    private let scores: Tensor
    private var signature: ModelSignature

    init() throws {
        scores = try Tensor(
            name: "p", dataType: .fp32, shape: [2, 3], copying: [0.25, 0.5, 0.25, 3, .nan, 4] as [Float])
        signature = ModelSignature(
            inputs: [], outputs: [TensorSpec(name: "p", dataType: .fp32, shape: [-1, 3])], batching: .concat)
    }

    private func numbers(_ tensor: Tensor) -> [Double] {
        tensor.withBytes { bytes in (0..<tensor.elementCount).map { tensor.number($0, in: bytes) } }
    }

    @Test func withoutLabelsPlacesAndScores() throws {
        let best = try TopScores(count: 2).applied(to: [scores], signature: signature)
        #expect(best.map(\.name) == ["p_index", "p_score"])
        #expect(best.map(\.shape) == [[2, 2], [2, 2]])
        #expect(numbers(best[0]) == [1, 0, 2, 0])
        #expect(numbers(best[1]) == [0.5, 0.25, 4, 3])
    }

    @Test func withLabelsThose() throws {
        var signature = signature
        signature.outputs[0].labels = ["a", "b", "c"]
        let best = try TopScores(count: 100).applied(to: [scores], signature: signature)
        #expect(best.map(\.name) == ["p_label", "p_score"])
        // What is no number comes last, and of equal ones the first first.
        #expect(best[0].strings == ["b", "a", "c", "c", "a", "b"])
        #expect(best[1].shape == [2, 3])
    }

    @Test func whereAnOutputHasLabelsOthersStayAsTheyAre() throws {
        var signature = signature
        signature.outputs[0].labels = ["a", "b", "c"]
        signature.outputs.append(TensorSpec(name: "x", dataType: .fp32, shape: [-1, 3]))
        var other = scores
        other.name = "x"
        let best = try TopScores(count: 1).applied(to: [scores, other], signature: signature)
        #expect(best.map(\.name) == ["p_label", "p_score", "x"])
        let named = try TopScores(count: nil, ofOutput: ["x": 1]).applied(to: [scores, other], signature: signature)
        #expect(named.map(\.name) == ["p", "x_index", "x_score"])
    }

    @Test func otherPlacesThanLabelsAreTheModelsFault() {
        var signature = signature
        signature.outputs[0] = TensorSpec(name: "p", dataType: .fp32, shape: [-1, -1])
        signature.outputs[0].labels = ["a", "b"]
        #expect {
            try TopScores(count: 1).applied(to: [scores], signature: signature)
        } throws: { ($0 as? SluiceError)?.code == .modelBrokeContract }
    }

    @Test func noScoresAreTheCallersFault() throws {
        let texts = ModelSignature(inputs: [], outputs: [TensorSpec(name: "t", dataType: .bytes, shape: [-1])])
        let isRefused = { (error: any Error) in (error as? SluiceError)?.code == .invalidParameter }
        #expect { try TopScores(count: 1).check(texts, wanted: []) } throws: { isRefused($0) }
        try TopScores(count: 1).check(signature, wanted: [])
        let text = try Tensor(name: "t", shape: [1], strings: ["a"])
        #expect {
            try TopScores(count: nil, ofOutput: ["t": 1]).applied(to: [text], signature: texts)
        } throws: { isRefused($0) }
        let number = try Tensor(name: "p", dataType: .fp32, shape: [], copying: [1] as [Float])
        #expect {
            try TopScores(count: nil, ofOutput: ["p": 1]).applied(to: [number], signature: signature)
        } throws: { isRefused($0) }
    }

    @Test func aNameThatIsTakenIsRefused() throws {
        var taken = scores
        taken.name = "p_score"
        #expect {
            try TopScores(count: nil, ofOutput: ["p": 1]).applied(to: [scores, taken], signature: signature)
        } throws: { ($0 as? SluiceError)?.code == .invalidParameter }
    }

    @Test func emptyAxesAndRowsHaveNoBest() throws {
        for shape in [[0, 3], [2, 0]] {
            let none = try Tensor(name: "p", dataType: .fp32, shape: shape, copying: [] as [Float])
            let best = try TopScores(count: 2).applied(to: [none], signature: signature)
            #expect(best.map(\.elementCount) == [0, 0])
        }
    }

    @Test func columnsAreWhatTheAnswersWillHave() {
        var signature = signature
        signature.outputs.insert(TensorSpec(name: "label", dataType: .bytes, shape: [-1]), at: 0)
        signature.outputs[1].labels = ["a", "b", "c"]
        let columns = TopScores(count: 2).applied(to: signature, wanted: []).answerColumns
        #expect(columns == ["label", "p_label_0", "p_label_1", "p_score_0", "p_score_1"])
        #expect(TopScores(count: nil).applied(to: signature, wanted: ["label"]).answerColumns == ["label"])
    }

    @Test func classificationSaysTheLabelToo() throws {
        let best = try Classification.top(scores, count: 1, isBatched: true, labels: ["a", "b", "c"])
        #expect(best.strings == ["0.5:1:b", "4:2:c"])
    }
}
