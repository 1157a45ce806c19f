package import Configuration
package import Tensors

/// The way of one request down its route's fallback ladder: a plain value that is told of failures and of the time, and
/// says what to do next.
///
/// One deadline covers all attempts, and one budget all that are made with a model once more. Each rung and each model has
/// its turn at most once, so the number of attempts is bounded by the route.
package struct Attempts: Sendable {
    /// One try with one model.
    package struct Attempt: Sendable, Equatable {
        package var model: Route.Model
        /// When this try is given up: the request's deadline or the model's own timeout, whichever comes first.
        package var deadline: MonotonicTime
        /// Which rung of the route's fallback this is; `nil` for the first try.
        package var rung: Int?
        /// Whether it has less time than the model, or the route, gives by itself: that it came too late says little then.
        package var isCutShort = false
    }

    /// One try that failed, or was answered too unsurely.
    package struct Failure: Sendable, Equatable {
        package var model: String
        /// The model's place in the configuration.
        package var index: Int
        /// An error code, or `low_confidence`.
        package var reason: String
    }

    /// What to do next.
    package enum Step: Sendable {
        case attempt(Attempt)
        /// The same model again, after a while.
        case retry(Attempt, afterNanoseconds: UInt64)
        /// Look for an answer that a model gave before; where there is none, `nextAfterNothingKept` says how to go on.
        case stale(rung: Int, notOlderThanNanoseconds: UInt64)
        /// Give the answer that the file gives.
        case answer(rung: Int)
        case giveUp(SluiceError)
    }

    package let route: Route
    /// When the request as a whole is given up.
    package private(set) var deadline: MonotonicTime
    /// The try under way, or the last one.
    package private(set) var current: Attempt
    /// Tries that failed, in order.
    package private(set) var failures: [Failure] = []
    /// The first rung that has not been looked at yet.
    private var nextRung = 0
    /// With the current model.
    private var tries = 1
    /// What leads down the ladder.
    private var cause: (failure: SluiceError, opening: SluiceError.Code?)?
    /// Whether the last failure would have led to a retry, had the route's requests not spent all that they may.
    package private(set) var isOverBudget = false

    /// Starts with the model whose turn it is.
    ///
    /// - Parameters:
    ///   - first: the model that comes first, where that is settled already.
    ///   - start: when the request arrived: the route's deadline counts from then.
    ///   - latest: the caller's own deadline, where it has one.
    ///   - now: the present moment: the model's timeout counts from now.
    package init(
        route: Route, first: Route.Model? = nil, start: MonotonicTime, latest: MonotonicTime? = nil, now: MonotonicTime
    ) {
        self.route = route
        let deadline = start.advanced(byNanoseconds: route.deadlineNanoseconds)
        self.deadline = latest.map { min($0, deadline) } ?? deadline
        current = Self.attempt(first ?? route.nextTarget(), rung: nil, before: self.deadline, now: now)
        if self.deadline == deadline, current.deadline == deadline { current.isCutShort = false }
    }

    /// Whether the try under way is a fallback.
    package var isFallback: Bool { current.rung != nil }

    /// The caller wants its answer by `latest`, if that is sooner.
    package mutating func shorten(to latest: MonotonicTime) {
        deadline = min(deadline, latest)
        guard latest < current.deadline else { return }
        current.deadline = latest
        current.isCutShort = true
    }

    // MARK: What to do next

    /// Says what to do after the current try failed: ask again, go to the first rung below whose condition holds, or
    /// give up.
    ///
    /// Giving up keeps the failure of the last try, as it says most about what is wrong now; past the deadline it is
    /// `deadline_exceeded`, unless the failure was the caller's own.
    ///
    /// - Parameters:
    ///   - opening: where the model wasn't asked because its breaker is open: what opened it.
    ///   - isRepeatable: whether the model may have the same request again.
    ///   - chance: from 0 up to 1, for waits.
    package mutating func next(
        after failure: SluiceError, opening: SluiceError.Code? = nil, isRepeatable: Bool = false, now: MonotonicTime,
        chance: () -> Double = { .random(in: 0..<1) }
    ) -> Step {
        note(failure.code.text)
        isOverBudget = false
        cause = (failure, opening)
        if isRepeatable, opening == nil, let policy = route.retry,
            let again = retry(policy, after: failure, now: now, chance: chance)
        {
            return again
        }
        return descend(now: now)
    }

    /// Says what to do with an answer: `nil` is to give it, else a rung below is to do better.
    ///
    /// - Parameter isUnsure: whether the answer's scores are below a bound.
    package mutating func next(
        afterAnswer isUnsure: (RouteConfiguration.LowConfidence) -> Bool, now: MonotonicTime
    ) -> Step? {
        for index in nextRung..<route.fallback.count {
            let rung = route.fallback[index]
            guard let bound = rung.lowConfidence, isUnsure(bound), canStand(on: rung, now: now) else { continue }
            note("low_confidence")
            nextRung = index + 1
            return step(to: index, now: now)
        }
        return nil
    }

    /// Says what to do as no model has kept an answer.
    package mutating func nextAfterNothingKept(now: MonotonicTime) -> Step { descend(now: now) }

    /// The answer comes from a rung that asks no model.
    package mutating func stand(on rung: Int) { current.rung = rung }

    /// The answer of an earlier try is given after all.
    package mutating func goBack(to attempt: Attempt) { current = attempt }

    /// What was tried, as headers and logs show it, e.g. `cls-v1 (overloaded), cls-cpu (model_failed)`.
    package var summary: String {
        failures.map { "\($0.model) (\($0.reason))" }.joined(separator: ", ")
    }

    private mutating func note(_ reason: String) {
        failures.append(Failure(model: current.model.name, index: current.model.index, reason: reason))
    }

    /// The first rung below that takes over from what failed.
    private mutating func descend(now: MonotonicTime) -> Step {
        guard let cause else { preconditionFailure("nothing has failed") }
        while nextRung < route.fallback.count {
            let index = nextRung
            nextRung += 1
            let rung = route.fallback[index]
            if rung.when.contains(where: { $0.matches(cause.failure.code, opening: cause.opening) }),
                canStand(on: rung, now: now)
            {
                return step(to: index, now: now)
            }
        }
        return .giveUp(now < deadline ? cause.failure : outOfTime(after: cause.failure))
    }

    /// Past the deadline no model is asked, but what needs no time can still be given.
    private func canStand(on rung: Route.Rung, now: MonotonicTime) -> Bool {
        guard let model = rung.model else { return true }
        return now < deadline && !failures.contains { $0.index == model.index }
    }

    private mutating func step(to index: Int, now: MonotonicTime) -> Step {
        switch route.fallback[index].action {
        case .model(let model):
            tries = 1
            current = Self.attempt(model, rung: index, before: deadline, now: now)
            return .attempt(current)
        case .stale(let age): return .stale(rung: index, notOlderThanNanoseconds: age)
        case .answer: return .answer(rung: index)
        }
    }

    private mutating func retry(
        _ policy: RetryPolicy, after failure: SluiceError, now: MonotonicTime, chance: () -> Double
    ) -> Step? {
        guard let wait = policy.wait(after: failure, tries: tries, chance: chance()) else { return nil }
        let start = now.advanced(byNanoseconds: wait)
        guard start < deadline else { return nil }
        guard policy.budget.take() else {
            isOverBudget = true
            return nil
        }
        tries += 1
        current = Self.attempt(current.model, rung: current.rung, before: deadline, now: start)
        return .retry(current, afterNanoseconds: wait)
    }

    private static func attempt(
        _ model: Route.Model, rung: Int?, before deadline: MonotonicTime, now: MonotonicTime
    ) -> Attempt {
        let own = model.timeoutNanoseconds.map { now.advanced(byNanoseconds: $0) }
        return Attempt(
            model: model, deadline: own.map { min($0, deadline) } ?? deadline, rung: rung,
            isCutShort: own.map { $0 > deadline } ?? true)
    }

    /// What the caller did wrong, or that it left, stays the answer even when it comes late.
    private func outOfTime(after failure: SluiceError) -> SluiceError {
        if failure.code.httpStatus < 500 { return failure }
        if failure.code == .deadlineExceeded, failures.count == 1 { return failure }
        return SluiceError(
            .deadlineExceeded, "the request's time ran out; tried \(summary)",
            detail: [.init("tried", failures.map(\.model))], cause: failure)
    }
}
