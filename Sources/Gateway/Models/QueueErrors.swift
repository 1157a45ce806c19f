internal import Scheduling
internal import Tensors

/// What clients are told whose requests a model's queue doesn't let through.
struct QueueErrors: Sendable {
    let model: String
    let capacity: Int

    /// For a request that waited in vain.
    func error(for reason: Dismissal.Reason) -> SluiceError {
        switch reason {
        case .expired: expired
        case .displaced(let wait): overShare(wait)
        case .sequenceBroken:
            SluiceError(
                .invalidParameter, "the first request of the sequence never reached model \"\(model)\"; start it again",
                detail: [.init("model", model)])
        }
    }

    /// For a request that isn't let in.
    func error(for refusal: Refusal, sequence: String?) -> SluiceError {
        switch refusal {
        case .expired: return expired
        case .overShare(let wait): return overShare(wait)
        case .full(let wait):
            return SluiceError(
                .overloaded, "model \"\(model)\" is overloaded: \(capacity) requests wait for it already",
                detail: [.init("model", model)], retryAfterNanoseconds: wait)
        case .unknownSequence:
            return SluiceError(
                .invalidParameter,
                """
                model "\(model)" has no sequence "\((sequence ?? "").prefix(64))": it was never started, has ended, or \
                was idle too long; the first request of a sequence has sequence_start
                """, detail: [.init("model", model)])
        case .tooManySequences:
            return SluiceError(
                .overloaded, "model \"\(model)\" has as many sequences under way as it may",
                detail: [.init("model", model)], retryAfterNanoseconds: 1_000_000_000)
        case .shuttingDown: return SluiceError(.shuttingDown, "the gateway is shutting down")
        }
    }

    private var expired: SluiceError {
        SluiceError(
            .deadlineExceeded, "the deadline passed while the request waited for model \"\(model)\"",
            detail: [.init("model", model)])
    }

    private func overShare(_ wait: UInt64) -> SluiceError {
        SluiceError(
            .tooManyRequests, "model \"\(model)\" is busy, and more than this consumer's share of requests wait for it",
            detail: [.init("model", model)], retryAfterNanoseconds: wait)
    }
}
