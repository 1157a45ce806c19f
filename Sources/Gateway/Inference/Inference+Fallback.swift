internal import Codecs
internal import Configuration
internal import NIOCore
internal import PluginHost
internal import Routing
internal import Tensors

/// An answer that its model is too unsure of, kept in case that nothing better comes.
struct UnsureAnswer: Sendable {
    var part: InferencePart
    var attempt: Attempts.Attempt
}

extension Inference {
    /// The attempt under way has failed: the same model again, the next rung, or the end.
    ///
    /// - Parameter opening: where the model wasn't asked, since its breaker is open: what opened it.
    func failed(_ error: SluiceError, opening: SluiceError.Code? = nil) {
        let isHalfOver = hedge != nil && waitsForSecond(error)
        endAttempt(code: error.code)
        if isHalfOver { return }
        if hasBegunStream {
            isFinished = true
            dropRecording()
            settle(error, hadBegun: true)
            responder.endStream(failure: error)
            return
        }
        restartText()
        let isRepeatable = mayRepeat(after: error)
        guard let step = attempts?.next(after: error, opening: opening, isRepeatable: isRepeatable, now: .now) else {
            return finish(.failure(error))
        }
        if let attempts, attempts.isOverBudget { gate.metrics.isOverBudget(attempts) }
        take(step)
    }

    /// Whether a rung is to do better than an answer whose model is unsure of it; the request goes on there then.
    func isUnsure(_ part: InferencePart) -> Bool {
        endAttempt(code: nil)
        guard let attempt = attempts?.current else { return false }
        let byRow = (signature?.batching ?? .none) != .none
        let step = attempts?.next(
            afterAnswer: { bound in
                let scores = part.outputs.first { $0.name == bound.output }?.confidence(byRow: byRow)
                return scores.map { $0 < bound.below } ?? false
            }, now: .now)
        guard let step else { return false }
        unsureAnswer = UnsureAnswer(part: part, attempt: attempt)
        restartText()
        take(step)
        return true
    }

    /// Another model, or the same once more, begins the answer anew.
    private func restartText() {
        openAIAnswer?.restart()
        textWindows = nil
        dropRecording()
    }

    private func take(_ step: Attempts.Step) {
        guard let attempts else { return }
        switch step {
        case .attempt:
            gate.metrics.fellBack(attempts)
            admitFallback(attempts)
        case .retry(let next, let wait):
            gate.metrics.retried(attempts)
            // The model's quota has counted the request already.
            attemptTimer = eventLoop.scheduleTask(in: .nanoseconds(Int64(clamping: wait))) { [self] in
                attemptTimer = nil
                attempt(next)
            }
        case .answer(let rung): answer(from: rung, of: attempts)
        case .stale(let rung, let age): answerFromCache(rung, of: attempts, notOlderThan: age)
        case .giveUp(let error):
            guard let unsureAnswer else { return finish(.failure(error)) }
            // Nothing better came of it.
            self.unsureAnswer = nil
            self.attempts?.goBack(to: unsureAnswer.attempt)
            let model = gate.models[unsureAnswer.attempt.model.index]
            (summary.model, summary.version) = (model.name, model.version)
            summary.cache = unsureAnswer.part.cache?.rawValue
            conclude(unsureAnswer.part)
        }
    }

    /// The answer that the file gives.
    private func answer(from rung: Int, of attempts: Attempts) {
        let takesRows = (signature?.batching ?? .none) != .none
        self.attempts?.stand(on: rung)
        if let attempts = self.attempts { gate.metrics.fellBack(attempts) }
        (summary.model, summary.version, summary.cache) = (nil, nil, nil)
        do throws(SluiceError) {
            let outputs = try gate.fixedAnswers.outputs(
                route: attempts.route.index, rung: rung, rows: takesRows ? rows : nil)
            conclude(InferencePart(outputs: outputs, isFinal: true))
        } catch {
            finish(.failure(error))
        }
    }

    /// The answer that a model gave to an equal request before, however old it is up to a bound.
    private func answerFromCache(_ rung: Int, of attempts: Attempts, notOlderThan age: UInt64) {
        guard let envelope = modelEnvelope else { return }
        for failure in attempts.failures {
            let model = gate.models[failure.index]
            guard let (part, age) = model.oldAnswer(to: envelope, notOlderThan: age) else { continue }
            self.attempts?.stand(on: rung)
            if let attempts = self.attempts { gate.metrics.fellBack(attempts) }
            (summary.model, summary.version) = (model.name, model.version)
            (summary.cache, summary.ageSeconds) = (part.cache?.rawValue, Int(clamping: age / 1_000_000_000))
            do throws(SluiceError) {
                return conclude(try redacted(part))
            } catch {
                return finish(.failure(error))
            }
        }
        if let step = self.attempts?.nextAfterNothingKept(now: .now) { take(step) }
    }

    /// The request as models get it: with the outputs that tell how sure they are, wanted or not.
    var modelEnvelope: Envelope? {
        guard let route = attempts?.route, route.asksConfidence, envelope?.wantedOutputs.isEmpty == false,
            var envelope
        else { return envelope }
        for rung in route.fallback {
            guard let output = rung.lowConfidence?.output, !envelope.wantedOutputs.contains(output) else { continue }
            envelope.wantedOutputs.append(output)
        }
        return envelope
    }

    /// Whether the model may have the request again: it never had it, or a second time does no harm.
    private func mayRepeat(after error: SluiceError) -> Bool {
        guard let attempts, attempts.route.retry != nil else { return false }
        let model = gate.models[attempts.current.model.index]
        // What a full queue refuses never came to the plugin; to those of earlier steps it did.
        let isRefusal = error.code == .overloaded || error.code == .tooManyRequests
        if isRefusal, model.configuration.pipeline == nil { return true }
        // Its next process has been given the request already; it may be what ends them.
        if error.code == .pluginCrashed { return false }
        return model.allowsRetry && envelope?.sequence == nil
    }
}
