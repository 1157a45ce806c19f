internal import NIOConcurrencyHelpers
package import Tensors

/// One request on its way through one model, from the queue to its final part.
///
/// Whatever happens (answer, failure, deadline, cancellation, broken contract), `receive` gets exactly one final part.
package final class InferenceCall: Sendable {
    private enum Place {
        case waiting
        case inPlugin(CallSlot)
        case finished
    }

    package let envelope: Envelope
    /// Called with each part, in order, from whichever thread the plugin answers on; `false` means that the caller has
    /// gone. May block for flow control.
    private let receive: @Sendable (InferencePart) -> Bool
    private let place = NIOLockedValueBox(Place.waiting)

    package init(envelope: Envelope, receive: @escaping @Sendable (InferencePart) -> Bool) {
        self.envelope = envelope
        self.receive = receive
    }

    /// Ends the call for the caller, who gets `error` unless a final part has come before.
    ///
    /// The plugin is asked to stop; its request's memory lives on until it has answered.
    package func abandon(_ error: SluiceError) {
        let (wasWaiting, slot) = place.withLockedValue { place -> (Bool, CallSlot?) in
            switch place {
            case .waiting:
                place = .finished
                return (true, nil)
            case .inPlugin(let slot): return (false, slot)
            case .finished: return (false, nil)
            }
        }
        if wasWaiting {
            _ = receive(.failure(error))
        } else {
            slot?.abandon(self, error: error)
        }
    }

    /// Whether the caller has already been answered, so that nothing need be started.
    package var isFinished: Bool {
        place.withLockedValue { if case .finished = $0 { true } else { false } }
    }

    /// The call enters a plugin; `false` where it was abandoned before.
    func enter(_ slot: CallSlot) -> Bool {
        place.withLockedValue { place in
            guard case .waiting = place else { return false }
            place = .inPlugin(slot)
            return true
        }
    }

    func deliver(_ part: InferencePart) -> Bool {
        if part.isFinal { place.withLockedValue { $0 = .finished } }
        return receive(part)
    }
}
