internal import Tensors

/// What a model's answers are measured by: its own declaration.
struct Expectation: Sendable {
    var signature: ModelSignature
    /// May answer in several parts.
    var streams: Bool
}
