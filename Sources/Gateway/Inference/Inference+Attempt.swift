internal import NIOCore
internal import PluginHost
internal import Routing
internal import Telemetry
internal import Tensors

extension Inference {
    /// Starts a call into one model and sees to it that it ends by its deadline.
    func start(_ envelope: consuming Envelope, model: ModelRuntime, deadline: MonotonicTime) {
        let number = attemptNumber
        let gate = model.streams ? PartGate(deadline: deadline) : nil
        partGate = gate
        attemptStarted = .now
        let isGathered = model.gathersCalls
        let call = InferenceCall(envelope: consume envelope, isGathered: isGathered) { [self] part in
            deliver(part, attempt: number, through: gate)
        }
        self.call = call
        model.start(call, consumer: consumer.map { Int(bitPattern: ObjectIdentifier($0)) } ?? 0)
        // A quick model has answered by now; for all others a timer watches the deadline.
        guard self.call === call, !call.isFinished else { return }
        guard isGathered else { return watch(call, of: model, deadline: deadline) }
        // A busy one in a process of its own answers once all that this loop has at hand was read.
        eventLoop.execute { [self] in
            call.wait()
            guard self.call === call, !call.isFinished else { return }
            watch(call, of: model, deadline: deadline)
        }
    }

    /// A timer ends a call by its deadline, and another one makes a second call beside it.
    private func watch(_ call: InferenceCall, of model: ModelRuntime, deadline: MonotonicTime) {
        let left = deadline.nanoseconds(since: .now)
        attemptTimer = eventLoop.scheduleTask(in: .nanoseconds(Int64(clamping: left))) {
            call.abandon(
                SluiceError(
                    .deadlineExceeded, "model \"\(model.name)\" did not answer in time",
                    detail: [.init("model", model.name)]))
        }
        if let policy = attempts?.route.hedge { armHedge(policy, model: model) }
    }

    /// A part comes in, on whatever thread; `false` tells the plugin that nobody wants it.
    private func deliver(_ part: InferencePart, attempt: Int, through gate: PartGate?) -> Bool {
        if eventLoop.inEventLoop {
            guard attempt == attemptNumber else { return false }
            received(part)
            return true
        }
        // The final part isn't held back: it ends the plugin's work.
        if !part.isFinal, let gate, !gate.enter() { return false }
        let work: @Sendable () -> Void = { [self] in
            guard attempt == attemptNumber, call != nil else { return }
            received(part)
        }
        if let round = part.companions as? DeliveryRound {
            round.add(eventLoop, work)
        } else {
            eventLoop.execute(work)
        }
        return true
    }

    /// The attempt under way is over.
    func endAttempt(code: SluiceError.Code?) {
        attemptTimer?.cancel()
        attemptTimer = nil
        guard call != nil, let index = attempts?.current.model.index else { return }
        call = nil
        if breakerPass != nil, let attempt = attempts?.current {
            endBreakerPass(
                cacheOutcome == .hit
                    ? .neither : CircuitBreaker.Outcome(code, isCutShort: attempt.isCutShort))
        }
        let metrics = gate.metrics.model(index)
        attemptEnded = .now
        let nanoseconds = attemptEnded.nanoseconds(since: attemptStarted)
        metrics.seconds.observe(nanoseconds: nanoseconds)
        gate.statistics[index].record(rows: rows, isSuccess: code == nil, nanoseconds: nanoseconds, cache: cacheOutcome)
        if code == nil { attempts?.route.hedge?.note(nanoseconds: nanoseconds, model: index) }
        if let code { metrics.failures.increment(code: code.text) }
    }

    /// What the model's cache had to do with the answer.
    private var cacheOutcome: InferencePart.CacheOutcome? { summary.cache.flatMap(InferencePart.CacheOutcome.init) }

    // MARK: The breaker

    /// Asks the model's breaker, where it has one; `false` where it said no and the request went on without the model.
    func passBreaker(of attempt: Attempts.Attempt) -> Bool {
        guard let breaker = gate.breakers[attempt.model.index] else { return true }
        do throws(OpenBreaker) {
            breakerPass = try breaker.admit(now: .now)
            return true
        } catch {
            failed(error.error, opening: error.reason)
            return false
        }
    }

    /// Tells the model's breaker what came of the call that it let through.
    func endBreakerPass(_ outcome: CircuitBreaker.Outcome) {
        guard let pass = breakerPass, let index = attempts?.current.model.index else { return }
        breakerPass = nil
        gate.breakers[index]?.ended(pass, outcome, now: .now)
    }
}
