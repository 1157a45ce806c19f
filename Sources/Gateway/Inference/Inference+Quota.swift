internal import Codecs
internal import Configuration
internal import NIOCore
internal import PluginHost
internal import Policies
internal import Routing
internal import Telemetry
internal import Tensors

/// What one request has taken of its quotas, and what is found out of what it really takes.
struct QuotaUse: Sendable {
    /// What was taken before the model was asked.
    var reservation: QuotaReservation?
    /// The request waits until a shared count has answered.
    var wait: QuotaWait?
    var facts = QuotaFacts()
    /// Of the request's body.
    var bytesIn = 0
    var bytesOut = 0
    var promptTokens = 0
    var completionTokens = 0
    var pluginNanoseconds: UInt64 = 0
    /// Why the first model's own quotas refused, while those that every model's requests are counted by are asked.
    var refusal: SluiceError?

    /// Notes what an answer, or a part of one, tells.
    mutating func note(_ part: InferencePart) {
        pluginNanoseconds += part.pluginNanoseconds
        for parameter in part.parameters {
            switch (parameter.key, parameter.value) {
            case ("prompt_tokens", .integer(let count)): promptTokens = Int(clamping: count)
            case ("prompt_tokens", .unsigned(let count)): promptTokens = Int(clamping: count)
            case ("completion_tokens", .integer(let count)): completionTokens = Int(clamping: count)
            case ("completion_tokens", .unsigned(let count)): completionTokens = Int(clamping: count)
            default: break
            }
        }
    }

    /// All that is known, now that the request is over.
    var settled: QuotaFacts {
        var facts = facts
        facts.bytesOut = Double(bytesOut)
        facts.tokens = Double(max(promptTokens, 0)) + Double(max(completionTokens, 0))
        facts.pluginMilliseconds = Double(pluginNanoseconds) / 1_000_000
        return facts
    }
}

extension Inference {
    /// Takes what the request needs from its quotas, and then makes the first attempt.
    func admit(_ attempts: consuming Attempts) {
        guard let consumer, let inputs = envelope?.inputs, let media = envelope?.media else { return }
        quotaUse.facts.rows = Double(rows)
        quotaUse.facts.elements = Double(inputs.indices.reduce(0) { $0 + inputs[$1].elementCount })
        quotaUse.facts.pixels = Double(media.pixels)
        quotaUse.facts.audioSeconds = media.audioSeconds
        quotaUse.facts.bytesIn = Double(quotaUse.bytesIn)
        if gate.policies.countsCharacters {
            let ofText = if case .openAI(let asked) = request.format { asked.characterCount } else { 0 }
            let ofInputs = inputs.reduce(0) { $0 + $1.characterCount }
            // Text that a tokenizer made into numbers isn't in the inputs any more.
            quotaUse.facts.characters = Double(max(ofText, ofInputs))
        }
        let place = PolicyEngine.QuotaPlace(route: attempts.route.index, model: attempts.current.model.index)
        let outcome = gate.policies.admit(consumer, place, facts: quotaUse.facts, now: .now)
        proceed(outcome, attempts)
    }

    /// Another model is tried: the one that failed gets its part back, and that one's quotas are asked.
    func admitFallback(_ attempts: Attempts) {
        let index = attempts.current.model.index
        guard quotaUse.reservation?.isEmpty == false || gate.policies.hasQuotas(model: index) else {
            return attempt(attempts.current)
        }
        quotaUse.reservation?.leaveModel(now: .now)
        let place = PolicyEngine.QuotaPlace(route: nil, model: index)
        proceed(gate.policies.admit(nil, place, facts: quotaUse.facts, now: .now), attempts)
    }

    /// Goes on as the quotas say, now or once a shared count has answered.
    private func proceed(_ outcome: QuotaOutcome, _ attempts: consuming Attempts) {
        switch outcome {
        case .admitted(let reservation, let status):
            guard !isFinished else { return reservation.refund(now: .now) }
            if let status { summary.quota = status }
            if !reservation.events.isEmpty { gate.notices.note(reservation.events) }
            if quotaUse.reservation == nil {
                quotaUse.reservation = reservation
            } else {
                quotaUse.reservation?.join(reservation)
            }
            let first = attempts.current
            self.attempts = consume attempts
            if let refusal = quotaUse.refusal {
                quotaUse.refusal = nil
                return failed(refusal)
            }
            attempt(first)
        case .refused(let error, let status):
            guard !isFinished else { return }
            if let status { summary.quota = status }
            let first = attempts.current.model.index
            if self.attempts == nil, quotaUse.refusal == nil, error.code == .quotaExceeded,
                attempts.route.hasQuotaRung, gate.policies.hasQuotas(model: first)
            {
                // A rung may do without the model, but nobody without their own quotas.
                quotaUse.refusal = error
                var place = PolicyEngine.QuotaPlace(route: attempts.route.index, model: first)
                place.leavesOutModel = true
                return proceed(gate.policies.admit(consumer, place, facts: quotaUse.facts, now: .now), attempts)
            }
            if error.code == .quotaExceeded, let consumer {
                gate.metrics.gateway.quotaRejections(consumer: consumer.name).increment()
            }
            // The first model's quota ends the request; that of a fallback is a rung that can't be stood on.
            if self.attempts == nil { finish(.failure(error)) } else { failed(error) }
        case .waiting(let wait):
            quotaUse.wait = wait
            let attempts = copy attempts
            wait.whenDone { [self] outcome in
                eventLoop.execute {
                    self.quotaUse.wait = nil
                    self.proceed(outcome, attempts)
                }
            }
        }
    }

    /// What was reserved becomes what was used, or nothing where the gate or its models are to blame, or where the
    /// caller left before any model had the request.
    ///
    /// - Parameter hadBegun: whether a model may have worked on it.
    func settleQuotas(_ error: SluiceError?, hadBegun: Bool) {
        if let wait = quotaUse.wait {
            quotaUse.wait = nil
            wait.cancel()
        }
        guard let reservation = quotaUse.reservation else { return }
        quotaUse.reservation = nil
        guard !reservation.isEmpty else { return }
        if let error,
            error.code.httpStatus >= 500 || error.code == .tooManyRequests || error.code == .quotaExceeded
                || error.code == .cancelled && !hadBegun
        {
            return reservation.refund(now: .now)
        }
        reservation.settle(quotaUse.settled, isSuccess: error == nil, now: .now)
    }
}
