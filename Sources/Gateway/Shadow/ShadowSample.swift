internal import Routing
internal import Tensors

/// An answered request as a shadow sees it.
struct ShadowSample: Sendable {
    var envelope: Envelope
    /// What the caller got.
    var answer: ShadowAnswer
    /// How long the answer took, of one in parts until its last one.
    var nanoseconds: UInt64
    let place: ShadowPlace
}

/// An answered request whose memory isn't its own yet.
struct ShadowOriginal: Sendable {
    var envelope: Envelope
    var outputs: [Tensor]
    var nanoseconds: UInt64

    /// Of inputs and outputs.
    var byteCount: Int { (envelope.inputs + outputs).reduce(0) { $0 + $1.heldBytes } }

    /// The same in memory of its own; `nil` where there is none left.
    func copied(in place: ShadowPlace) -> ShadowSample? {
        var envelope = envelope
        guard let inputs = envelope.inputs.copied, let outputs = outputs.copied else { return nil }
        envelope.inputs = inputs
        return ShadowSample(envelope: envelope, answer: ShadowAnswer(outputs), nanoseconds: nanoseconds, place: place)
    }
}

/// What a shadow is to see once the caller has its answer.
enum ShadowSighting: Sendable {
    case original(ShadowOriginal, ShadowPlace)
    case copy(ShadowSample)
}

extension [Tensor] {
    /// The same in memory of their own; `nil` where there is none left.
    var copied: [Tensor]? {
        let copies = compactMap(\.copied)
        return copies.count == count ? copies : nil
    }
}
