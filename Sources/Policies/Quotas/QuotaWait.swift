internal import NIOConcurrencyHelpers
internal import Tensors

/// A request that waits until shared counts have said what is left.
package final class QuotaWait: Sendable {
    private enum State: Sendable {
        case waiting(QuotaRequest, done: (@Sendable (QuotaOutcome) -> Void)?)
        /// Nobody has asked for it yet.
        case decided(QuotaOutcome)
        case over
    }

    private let state: NIOLockedValueBox<State>

    init(_ request: QuotaRequest) {
        state = NIOLockedValueBox(.waiting(request, done: nil))
    }

    /// `done` is called once, at once or later, on whatever thread; never with `waiting`.
    package func whenDone(_ done: @escaping @Sendable (QuotaOutcome) -> Void) {
        let outcome = state.withLockedValue { state -> QuotaOutcome? in
            switch state {
            case .waiting(let request, _): state = .waiting(request, done: done)
            case .decided(let outcome):
                state = .over
                return outcome
            case .over: break
            }
            return nil
        }
        if let outcome { done(outcome) }
    }

    /// The request has waited for as long as it may.
    package func expire() { retry(now: .now, isLast: true) }

    /// Something is known now.
    func retry(now: QuotaMoment, isLast: Bool) {
        let ended = state.withLockedValue { state -> (QuotaOutcome, @Sendable (QuotaOutcome) -> Void)? in
            guard case .waiting(var request, let done) = state else { return nil }
            let outcome = request.attempt(now: now, isLast: isLast, wait: self)
            if case .waiting = outcome {
                state = .waiting(request, done: done)
                return nil
            }
            guard let done else {
                state = .decided(outcome)
                return nil
            }
            state = .over
            return (outcome, done)
        }
        if let (outcome, done) = ended { done(outcome) }
    }

    /// The caller has gone: what is taken for it is given back.
    package func cancel() {
        let reservation = state.withLockedValue { state -> QuotaReservation? in
            defer { state = .over }
            if case .decided(.admitted(let reservation, _)) = state { return reservation }
            return nil
        }
        reservation?.refund(now: .now)
    }
}
