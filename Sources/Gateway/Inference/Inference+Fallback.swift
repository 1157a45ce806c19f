internal import Codecs
internal import NIOCore
internal import Routing
internal import Tensors

extension Inference {
    /// The attempt under way has failed: the same model again, the next rung, or the end.
    ///
    /// - Parameter opening: where the model wasn't asked, since its breaker is open: what opened it.
    func failed(_ error: SluiceError, opening: SluiceError.Code? = nil) {
        endAttempt(code: error.code)
        if hasBegunStream {
            isFinished = true
            settle(error, hadBegun: true)
            responder.endStream(failure: error)
            return
        }
        openAIAnswer?.restart()
        let isRepeatable = mayRepeat(after: error)
        guard let step = attempts?.next(after: error, opening: opening, isRepeatable: isRepeatable, now: .now) else {
            return finish(.failure(error))
        }
        if let attempts, attempts.isOverBudget { gate.metrics.isOverBudget(attempts) }
        take(step)
    }

    private func take(_ step: Attempts.Step) {
        switch step {
        case .attempt:
            guard let attempts else { return }
            gate.metrics.fellBack(attempts)
            admitFallback(attempts)
        case .retry(let next, let wait):
            if let attempts { gate.metrics.retried(attempts) }
            // The model's quota has counted the request already.
            attemptTimer = eventLoop.scheduleTask(in: .nanoseconds(Int64(clamping: wait))) { [self] in
                attemptTimer = nil
                attempt(next)
            }
        case .giveUp(let error): finish(.failure(error))
        }
    }

    /// Whether the model may have the request again: it never had it, or a second time does no harm.
    private func mayRepeat(after error: SluiceError) -> Bool {
        guard let attempts, attempts.route.retry != nil else { return false }
        // What a full queue refuses never came to the plugin.
        if error.code == .overloaded || error.code == .tooManyRequests { return true }
        // Its next process has been given the request already; it may be what ends them.
        if error.code == .pluginCrashed { return false }
        return gate.models[attempts.current.model.index].allowsRetry && envelope?.sequence == nil
    }
}
