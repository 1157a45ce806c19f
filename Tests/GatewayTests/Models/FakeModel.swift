@testable import Gateway
import Configuration
import NIOConcurrencyHelpers
@testable import PluginHost
import Tensors

/// A model of the tests' own: it does with each call what it is told, and remembers it.
final class FakeModel: ModelInstance {
    let description: ModelDescription
    private let keepsCalls: Bool
    private let answer: @Sendable (InferenceCall) -> Void
    /// Every call that reached it.
    let calls = NIOLockedValueBox<[InferenceCall]>([])

    init(
        batching: ModelSignature.Batching = .concat, inputs: [TensorSpec]? = nil, outputs: [TensorSpec]? = nil,
        allowsRetry: Bool = true, keepsSequences: Bool = false, streams: Bool = false, maximumBatchRows: Int = 0,
        concurrency: Int = 1, keepsCalls: Bool = true, answer: @escaping @Sendable (InferenceCall) -> Void
    ) {
        let shape = batching == .none ? [-1, 2] : [-1, 2]
        description = ModelDescription(
            signature: ModelSignature(
                inputs: inputs ?? [TensorSpec(name: "x", dataType: .fp32, shape: shape)],
                outputs: outputs ?? [TensorSpec(name: "y", dataType: .fp32, shape: shape)], batching: batching),
            maximumBatchRows: maximumBatchRows, maximumConcurrency: concurrency, streams: streams, isQuick: false,
            keepsSequences: keepsSequences, allowsRetry: allowsRetry, isDeterministic: true, memoryBytes: 0,
            platform: "fake", metadata: [])
        self.keepsCalls = keepsCalls
        self.answer = answer
    }

    func infer(_ call: InferenceCall) {
        if keepsCalls { calls.withLockedValue { $0.append(call) } }
        answer(call)
        call.letGo()
    }

    func warmUp() {}
    var unfinishedCalls: Int { 0 }
    var isIdle: Bool { true }
    func unload() {}
}

extension InferenceCall {
    /// Answers with the input `x` as output `y`.
    func echo() {
        guard var output = envelope.inputs.first else { return }
        output.name = "y"
        deliver(InferencePart(outputs: [output], isFinal: true))
    }
}
