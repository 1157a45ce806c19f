package import Tensors

/// One response of a plugin to one request: the whole answer, one part of a stream, or a failure.
package struct InferencePart: Sendable {
    package var outputs: [Tensor]
    package var parameters: [Envelope.Parameter]
    /// Exactly one part of each call is final, and it is the last.
    package var isFinal: Bool
    /// Only a final part carries one.
    package var error: SluiceError?
    /// Where it comes from, for models whose answers are kept.
    package var cache: CacheOutcome?
    /// How long the plugin worked on the request, as far as the final part's call was timed.
    package var pluginNanoseconds: UInt64 = 0
    /// Whoever delivers it together with others, if somebody does: the receiver may leave its own delivery to that.
    package var companions: (any AnyObject & Sendable)?

    /// Whether an answer was worked out for this request.
    package enum CacheOutcome: String, Sendable {
        /// It was not: an equal request had been answered before.
        case hit
        case miss
        /// It was not: the model failed, and an answer was given that is past its age.
        case stale
    }
}

// Outside of the struct, which keeps its own initialiser so: that makes it in one piece, without a copy.
extension InferencePart {
    package init(
        outputs: [Tensor], parameters: [Envelope.Parameter] = [], isFinal: Bool, error: SluiceError? = nil
    ) {
        self.init(
            outputs: outputs, parameters: parameters, isFinal: isFinal, error: error, cache: nil,
            pluginNanoseconds: 0, companions: nil)
    }

    /// The final part of a call that failed.
    package static func failure(_ error: SluiceError) -> InferencePart {
        InferencePart(outputs: [], isFinal: true, error: error)
    }
}
