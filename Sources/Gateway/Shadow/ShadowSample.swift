internal import Tensors

/// An answered request as a shadow sees it.
struct ShadowSample: Sendable {
    var envelope: Envelope
    /// What the caller got.
    var outputs: [Tensor]
    /// How long the answer took.
    var nanoseconds: UInt64
    /// Of inputs and outputs.
    let byteCount: Int
    private(set) var isCopied = false

    init(envelope: Envelope, outputs: [Tensor], nanoseconds: UInt64) {
        self.envelope = envelope
        self.outputs = outputs
        self.nanoseconds = nanoseconds
        byteCount = (envelope.inputs + outputs).reduce(0) { $0 + $1.heldBytes }
    }

    /// The same in memory of its own; `nil` where there is none left.
    func copied() -> ShadowSample? {
        var copy = self
        guard let inputs = Self.copies(of: envelope.inputs), let outputs = Self.copies(of: outputs) else { return nil }
        copy.envelope.inputs = inputs
        copy.outputs = outputs
        copy.isCopied = true
        return copy
    }

    private static func copies(of tensors: [Tensor]) -> [Tensor]? {
        let copies = tensors.compactMap(\.copied)
        return copies.count == tensors.count ? copies : nil
    }
}
