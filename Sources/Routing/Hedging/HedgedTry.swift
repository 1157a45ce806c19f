package import Tensors

/// One try and the second one that may join it: a plain state machine that is told how they end, and says whose ending is
/// the request's.
///
/// The first answer counts and the other try is let go; a failure counts only when no other try is under way.
package struct HedgedTry: Sendable {
    package enum Runner: Sendable, Equatable {
        case first
        case second
    }

    package enum Action: Sendable {
        /// Nothing; the other one may still answer.
        case wait
        /// That one's ending counts; the other one, if it is under way, is let go.
        case end(Runner, lettingGo: Runner?)
        /// Both have failed; what the first one failed of counts.
        case fail(SluiceError)
    }

    private enum Phase: Sendable {
        /// Nobody knows yet whether there will be a second one.
        case alone
        case both
        /// Only the second is left; the first one failed so.
        case secondOnly(SluiceError)
        /// The second failed, or was never needed.
        case firstOnly
        case over
    }

    private var phase = Phase.alone

    package init() {}

    /// Whether a second try may be begun.
    package var isAlone: Bool { if case .alone = phase { true } else { false } }

    /// The second try is under way.
    package mutating func secondBegan() {
        guard case .alone = phase else { return }
        phase = .both
    }

    /// No second try will be made.
    package mutating func staysAlone() {
        guard case .alone = phase else { return }
        phase = .firstOnly
    }

    /// A try was answered.
    package mutating func answered(_ runner: Runner) -> Action {
        switch (phase, runner) {
        case (.both, _):
            phase = .over
            return .end(runner, lettingGo: runner == .first ? .second : .first)
        case (.alone, .first), (.firstOnly, .first), (.secondOnly, .second):
            phase = .over
            return .end(runner, lettingGo: nil)
        default: return .wait
        }
    }

    /// A try failed.
    package mutating func failed(_ runner: Runner, _ error: SluiceError) -> Action {
        switch (phase, runner) {
        case (.both, _) where error.code.httpStatus < 500 && error.code != .tooManyRequests:
            // The request is at fault; the other try would find the same.
            phase = .over
            return .end(runner, lettingGo: runner == .first ? .second : .first)
        case (.both, .first):
            phase = .secondOnly(error)
            return .wait
        case (.both, .second):
            phase = .firstOnly
            return .wait
        case (.alone, .first), (.firstOnly, .first):
            phase = .over
            return .end(.first, lettingGo: nil)
        case (.secondOnly(let first), .second):
            phase = .over
            return .fail(first)
        default: return .wait
        }
    }
}
