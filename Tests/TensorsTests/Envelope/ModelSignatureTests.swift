import Tensors
import Testing

@Suite struct ModelSignatureTests {
    static let iris = ModelSignature(
        inputs: [
            TensorSpec(name: "x", dataType: .fp32, shape: [-1, 2]),
            TensorSpec(name: "names", dataType: .bytes, shape: nil),
        ], outputs: [TensorSpec(name: "y", dataType: .fp32, shape: [-1])], batching: .concat)

    private static func floats(_ name: String, _ shape: [Int]) throws -> Tensor {
        try Tensor(
            name: name, dataType: .fp32, shape: shape,
            copying: Array(repeating: Float(0), count: Shape.elementCount(shape) ?? 0))
    }

    private static func strings(_ shape: [Int]) throws -> Tensor {
        try Tensor(
            name: "names", shape: shape, strings: Array(repeating: "n", count: Shape.elementCount(shape) ?? 0))
    }

    @Test func findsSpecsByName() {
        #expect(Self.iris.input(named: "x")?.text == "FP32[-1,2]")
        #expect(Self.iris.input(named: "names")?.text == "BYTES[any rank]")
        #expect(Self.iris.output(named: "y")?.text == "FP32[-1]")
        #expect(Self.iris.input(named: "y") == nil)
        #expect(Self.iris.output(named: "x") == nil)
    }

    @Test func takesExactlyTheDeclaredInputsInAnyOrder() throws {
        try Self.iris.validate([Self.floats("x", [3, 2]), Self.strings([3, 5])])
        try Self.iris.validate([Self.strings([1]), Self.floats("x", [1, 2])])
        try Self.iris.validate([Self.strings([0]), Self.floats("x", [0, 2])])
    }

    /// Inputs, the message that refuses them, and what it is about.
    static let refusals: [(inputs: [Tensor], message: String, about: String)] = {
        do {
            return try [
                ([], "input \"x\" (FP32[-1,2]) is missing", "x"),
                ([floats("x", [1, 2])], "input \"names\" (BYTES[any rank]) is missing", "names"),
                (
                    [floats("x", [1, 2]), strings([1]), floats("z", [1])],
                    "the model has no input \"z\"; it has \"x\", \"names\"", "z"
                ),
                ([floats("x", [1, 2]), strings([1]), floats("x", [1, 2])], "input \"x\" is given twice", "x"),
                (
                    [Tensor(name: "x", dataType: .fp64, shape: [1, 2], copying: [0, 0] as [Double]), strings([1])],
                    "input \"x\": expected FP32[-1,2], got FP64[1,2]; the data type must be FP32", "x"
                ),
                (
                    [floats("x", [2]), strings([1])],
                    "input \"x\": expected FP32[-1,2], got FP32[2]; the shape must have 2 dimensions", "x"
                ),
                (
                    [floats("x", [1, 3]), strings([1])],
                    "input \"x\": expected FP32[-1,2], got FP32[1,3]; dimension 1 must be 2", "x"
                ),
                ([floats("x", [2, 2]), strings([3])], "input \"names\" has 3 rows, but input \"x\" has 2", "names"),
                (
                    [floats("x", [2, 2]), strings([])],
                    "input \"names\" is a scalar, but the model takes rows: give it a first dimension, e.g. [1]",
                    "names"
                ),
            ]
        } catch {
            Issue.record(error)
            return []
        }
    }()

    @Test(arguments: 0..<9) func refusesOtherInputs(row: Int) throws {
        let refusal = try #require(Self.refusals.indices.contains(row) ? Self.refusals[row] : nil)
        let error = #expect(throws: SluiceError.self) { try Self.iris.validate(refusal.inputs) }
        #expect(error?.code == .invalidInput)
        #expect(error?.message == refusal.message)
        #expect(error?.detail.first == .init("input", refusal.about))
    }

    @Test func modelsThatDontBatchTakeScalarsAndUnequalLengths() throws {
        var signature = Self.iris
        signature.batching = .none
        try signature.validate([Self.floats("x", [2, 2]), Self.strings([])])
        try signature.validate([Self.floats("x", [2, 2]), Self.strings([3])])
    }
}
