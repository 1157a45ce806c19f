internal import NIOCore
internal import PluginHost
internal import Routing
internal import Telemetry
internal import Tensors

/// The second try of a request whose first one takes long.
struct SecondTry {
    let call: InferenceCall
    let number: Int
    let started: MonotonicTime
    let breakerPass: CircuitBreaker.Pass?
    let timer: Scheduled<Void>
}

/// What a hedged request keeps beside its first try; nothing of it exists for others.
struct Hedge {
    var race = HedgedTry()
    var timer: Scheduled<Void>?
    var second: SecondTry?
    /// Whether there was a second try.
    var wasMade = false
}

extension Inference {
    /// Sees to it that a second try comes when the first one takes too long, where that does no harm.
    func armHedge(_ policy: HedgePolicy, model: ModelRuntime) {
        guard let attempts, attempts.failures.isEmpty, hedge == nil, !model.streams, model.allowsRetry,
            envelope?.sequence == nil, let delay = policy.delay(model: attempts.current.model.index)
        else { return }
        let armed = attemptNumber
        var hedge = Hedge()
        hedge.timer = eventLoop.scheduleTask(in: .nanoseconds(Int64(clamping: delay))) { [self] in
            guard armed == attemptNumber else { return }
            self.hedge?.timer = nil
            beginSecondTry(policy, model: model)
        }
        self.hedge = hedge
    }

    private func beginSecondTry(_ policy: HedgePolicy, model: ModelRuntime) {
        // Behind a first one that still waits for a free call, a second one would only wait too.
        guard !isFinished, let first = call, !first.isWaiting, let attempt = attempts?.current,
            let route = attempts?.route, var envelope = modelEnvelope, hedge?.race.isAlone == true
        else {
            hedge?.race.staysAlone()
            return
        }
        guard policy.take() else {
            gate.metrics.hedgeIsOverBudget(route)
            hedge?.race.staysAlone()
            return
        }
        var pass: CircuitBreaker.Pass?
        if let breaker = gate.breakers[attempt.model.index] {
            pass = try? breaker.admit(now: .now)
            guard pass != nil else {
                hedge?.race.staysAlone()
                return
            }
        }
        gate.metrics.hedged(route)
        envelope.deadline = attempt.deadline
        lastAttemptNumber += 1
        let number = lastAttemptNumber
        let second = InferenceCall(envelope: envelope) { [self] part in
            if eventLoop.inEventLoop {
                receivedBySecond(part, number: number)
            } else {
                eventLoop.execute { self.receivedBySecond(part, number: number) }
            }
            return true
        }
        let left = attempt.deadline.nanoseconds(since: .now)
        let timer = eventLoop.scheduleTask(in: .nanoseconds(Int64(clamping: left))) {
            second.abandon(
                SluiceError(
                    .deadlineExceeded, "model \"\(model.name)\" did not answer in time",
                    detail: [.init("model", model.name)]))
        }
        hedge?.second = SecondTry(call: second, number: number, started: .now, breakerPass: pass, timer: timer)
        hedge?.race.secondBegan()
        hedge?.wasMade = true
        model.start(second, consumer: consumer.map { Int(bitPattern: ObjectIdentifier($0)) } ?? 0)
    }

    /// What the second try is answered.
    private func receivedBySecond(_ part: InferencePart, number: Int) {
        guard !isFinished, part.isFinal, let second = hedge?.second, second.number == number else { return }
        let action = part.error.map { hedge?.race.failed(.second, $0) } ?? hedge?.race.answered(.second)
        switch action {
        case .end(.second, let other):
            if other == .first { letGoOfFirst() }
            takeOver(second)
            if part.error == nil, let route = attempts?.route { gate.metrics.hedgeWon(route) }
            received(part)
        case .fail(let error):
            endSecond(code: part.error?.code)
            failed(error)
        case .wait, .end, nil: endSecond(code: part.error?.code)
        }
    }

    /// The first try was answered: nobody needs the second one any more.
    func firstAnswered() {
        hedge?.timer?.cancel()
        hedge?.timer = nil
        if case .end(.first, .second?) = hedge?.race.answered(.first) { letGoOfSecond() }
    }

    /// The first try has failed; `true` where the second one may still answer.
    func waitsForSecond(_ error: SluiceError) -> Bool {
        hedge?.timer?.cancel()
        hedge?.timer = nil
        switch hedge?.race.failed(.first, error) {
        case .wait: return hedge?.second != nil
        case .end(.first, .second?):
            letGoOfSecond()
            return false
        case .end, .fail, nil: return false
        }
    }

    /// Nobody waits for the request any more.
    func endHedge() {
        hedge?.timer?.cancel()
        hedge?.timer = nil
        letGoOfSecond()
    }

    /// Nobody wants the answer of the second try.
    private func letGoOfSecond() {
        guard let second = hedge?.second else { return }
        endSecond(code: nil, outcome: .neither)
        second.call.abandon(SluiceError(.cancelled, "another try was answered first"))
    }

    private func endSecond(code: SluiceError.Code?, outcome: CircuitBreaker.Outcome? = nil) {
        guard let second = hedge?.second, let attempt = attempts?.current else { return }
        hedge?.second = nil
        second.timer.cancel()
        if let code { gate.metrics.model(attempt.model.index).failures.increment(code: code.text) }
        guard let pass = second.breakerPass else { return }
        gate.breakers[attempt.model.index]?.ended(
            pass, outcome ?? CircuitBreaker.Outcome(code, isCutShort: true), now: .now)
    }

    /// The second try was quicker than the first, which is told to stop.
    private func letGoOfFirst() {
        guard let first = call, let attempts else { return }
        attemptTimer?.cancel()
        attemptTimer = nil
        endBreakerPass(.neither)
        // It took longer than this; left out, slow models would seem ever quicker.
        attempts.route.hedge?.note(
            nanoseconds: MonotonicTime.now.nanoseconds(since: attemptStarted), model: attempts.current.model.index)
        call = nil
        // What it still says belongs to no attempt.
        attemptNumber = 0
        first.abandon(SluiceError(.cancelled, "another try was answered first"))
    }

    /// The second try is the attempt now.
    private func takeOver(_ second: SecondTry) {
        second.timer.cancel()
        hedge?.second = nil
        (call, attemptNumber, attemptStarted) = (second.call, second.number, second.started)
        breakerPass = second.breakerPass
    }
}
