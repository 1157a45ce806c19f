package import Tensors

/// What a loaded model declares of itself.
package struct ModelDescription: Sendable, Equatable {
    package var signature: ModelSignature
    /// Rows that one call may carry; 0 is no limit.
    package var maximumBatchRows: Int
    /// Calls at the same time; at least 1.
    package var maximumConcurrency: Int
    /// May answer in several parts.
    package var streams: Bool
    /// Takes microseconds, never blocks, answers before it returns, from any thread: may run on an event loop.
    package var isQuick: Bool
    /// Keeps state per sequence.
    package var keepsSequences: Bool
    /// A failed call may be made again.
    package var allowsRetry: Bool
    /// Equal inputs give equal outputs.
    package var isDeterministic: Bool
    /// Resident estimate; 0 is unknown.
    package var memoryBytes: UInt64
    /// What runs it, e.g. `onnxruntime_onnx`.
    package var platform: String
    /// Facts for humans and clients, in the plugin's order.
    package var metadata: [Fact]
    /// It has `learn`.
    package var learns = false
    /// Nothing may be asked of it while it learns.
    package var learnsAlone = false
    /// It offers `sluice.state/1`.
    package var keepsState = false

    package init(
        signature: ModelSignature, maximumBatchRows: Int, maximumConcurrency: Int, streams: Bool, isQuick: Bool,
        keepsSequences: Bool, allowsRetry: Bool, isDeterministic: Bool, memoryBytes: UInt64, platform: String,
        metadata: [Fact], learns: Bool = false, learnsAlone: Bool = false, keepsState: Bool = false
    ) {
        self.signature = signature
        self.maximumBatchRows = maximumBatchRows
        self.maximumConcurrency = maximumConcurrency
        self.streams = streams
        self.isQuick = isQuick
        self.keepsSequences = keepsSequences
        self.allowsRetry = allowsRetry
        self.isDeterministic = isDeterministic
        self.memoryBytes = memoryBytes
        self.platform = platform
        self.metadata = metadata
        self.learns = learns
        self.learnsAlone = learnsAlone
        self.keepsState = keepsState
    }

    package struct Fact: Sendable, Equatable {
        package var key: String
        package var value: String

        package init(key: String, value: String) {
            self.key = key
            self.value = value
        }
    }
}
