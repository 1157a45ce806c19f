internal import Tensors

/// How much of one quota one subject has used: the arithmetic of every quota, wherever its count is kept.
///
/// A plain state machine that is told the time. Amounts are as `QuotaPolicy.scale` has them.
package struct QuotaCounter: Sendable {
    /// What varies, and nothing else: with many subjects every line of it has to come from memory.
    private enum State: Sendable {
        case rolling(TokenBucket)
        case calendar(used: UInt64, window: Range<UInt64>)
        case now(inUse: UInt64)
    }

    /// What outlives the process.
    package struct Saved: Sendable, Equatable {
        /// Rolling: when all will be earned back. Calendar: when the window ends. Nanoseconds since 1970.
        package var until: UInt64
        /// Calendar: how much is used.
        package var used: UInt64

        package init(until: UInt64, used: UInt64) {
            self.until = until
            self.used = used
        }
    }

    private let policy: QuotaPolicy
    private var state: State
    /// Until when nobody need be warned again.
    private var warnedUntil = MonotonicTime(nanoseconds: 0)

    private var max: UInt64 { policy.scaledMax }

    /// Nothing used.
    package init(_ policy: QuotaPolicy, now: QuotaMoment) {
        self.policy = policy
        switch policy.window {
        case .rolling: state = .rolling(TokenBucket())
        case .calendar(let period): state = .calendar(used: 0, window: period.window(at: now.wall))
        case .now: state = .now(inUse: 0)
        }
    }

    /// As it was, with what has been earned since.
    package init(_ policy: QuotaPolicy, saved: Saved, now: QuotaMoment) {
        self.init(policy, now: now)
        guard saved.until > now.wall else { return }
        switch state {
        case .rolling:
            state = .rolling(TokenBucket(untilFull: saved.until - now.wall, at: policy.rate, now: now.monotonic))
        case .calendar(_, let window):
            guard saved.until == window.upperBound else { return }
            state = .calendar(used: saved.used, window: window)
        case .now: break
        }
    }

    /// What is to be kept of it; `nil` where that is nothing, as nothing is used.
    package func saved(now: QuotaMoment) -> Saved? {
        switch state {
        case .rolling(let bucket):
            let left = bucket.nanosecondsUntilFull(at: policy.rate, now: now.monotonic)
            return left == 0 ? nil : Saved(until: now.advanced(byNanoseconds: left).wall, used: 0)
        case .calendar(let used, let window):
            return used == 0 || window.upperBound <= now.wall ? nil : Saved(until: window.upperBound, used: used)
        case .now: return nil
        }
    }

    /// Begins the next window where the last one is over.
    private mutating func turn(_ now: QuotaMoment) {
        // A clock that is set back a little doesn't bring the last window back.
        guard case .calendar(_, let window) = state, now.wall >= window.upperBound,
            case .calendar(let period) = policy.window
        else { return }
        state = .calendar(used: 0, window: period.window(at: now.wall))
    }

    /// How long until so much can be had: 0 where it can, `UInt64.max` where it never can.
    package mutating func wait(for amount: UInt64, now: QuotaMoment) -> UInt64 {
        if amount == 0 { return 0 }
        turn(now)
        switch state {
        case .rolling(let bucket):
            return bucket.nanosecondsUntilAvailable(amount, at: policy.rate, now: now.monotonic)
        case .calendar(let used, let window):
            if amount > max { return .max }
            return used <= max - amount ? 0 : Swift.max(window.upperBound - Swift.min(now.wall, window.upperBound), 1)
        case .now(let inUse):
            if amount > max { return .max }
            // When somebody else will be done, nobody knows.
            return inUse <= max - amount ? 0 : 1_000_000_000
        }
    }

    /// Takes so much where it can be had.
    ///
    /// - Returns: as `wait` says, how much could be had after it, and how long until all of it can be.
    mutating func take(
        _ amount: UInt64, now: QuotaMoment
    ) -> (wait: UInt64, remaining: UInt64, nanosecondsUntilFull: UInt64) {
        if case .rolling(var bucket) = state {
            let decision = bucket.take(amount, at: policy.rate, now: now.monotonic)
            state = .rolling(bucket)
            return (decision.nanosecondsUntilAvailable, decision.remaining, decision.nanosecondsUntilFull)
        }
        let wait = wait(for: amount, now: now)
        if wait == 0 { charge(amount, now: now) }
        return (wait, remaining(now: now), nanosecondsUntilFull(now: now))
    }

    /// Counts so much as used, whether it could be had or not.
    package mutating func charge(_ amount: UInt64, now: QuotaMoment) {
        turn(now)
        switch state {
        case .rolling(var bucket):
            bucket.charge(amount, at: policy.rate, now: now.monotonic)
            state = .rolling(bucket)
        case .calendar(let used, let window): state = .calendar(used: Self.sum(used, amount), window: window)
        case .now(let inUse): state = .now(inUse: Self.sum(inUse, amount))
        }
    }

    /// Gives back what was charged at `then`; a window that has ended since takes nothing back.
    package mutating func giveBack(_ amount: UInt64, from then: QuotaMoment, now: QuotaMoment) {
        turn(now)
        switch state {
        case .rolling(var bucket):
            bucket.refund(amount, at: policy.rate, now: now.monotonic)
            state = .rolling(bucket)
        case .calendar(let used, let window):
            guard window.lowerBound <= then.wall else { return }
            state = .calendar(used: used - Swift.min(used, amount), window: window)
        case .now(let inUse): state = .now(inUse: inUse - Swift.min(inUse, amount))
        }
    }

    /// How much could be had right now.
    package mutating func remaining(now: QuotaMoment) -> UInt64 {
        turn(now)
        switch state {
        case .rolling(let bucket): return bucket.remaining(at: policy.rate, now: now.monotonic)
        case .calendar(let used, _): return max - Swift.min(used, max)
        case .now(let inUse): return max - Swift.min(inUse, max)
        }
    }

    /// Until all of it can be had again, if nobody takes anything.
    package func nanosecondsUntilFull(now: QuotaMoment) -> UInt64 {
        switch state {
        case .rolling(let bucket): bucket.nanosecondsUntilFull(at: policy.rate, now: now.monotonic)
        case .calendar(let used, let window):
            used == 0 ? 0 : window.upperBound - Swift.min(now.wall, window.upperBound)
        case .now: 0
        }
    }

    /// When the present window ends, in nanoseconds since 1970; 0 where there are no windows.
    package mutating func windowEnd(now: QuotaMoment) -> UInt64 {
        turn(now)
        if case .calendar(_, let window) = state { return window.upperBound }
        return 0
    }

    /// Whether it has just become known that four fifths are used: once in each window.
    package mutating func warns(remaining: UInt64, now: QuotaMoment) -> Bool {
        guard remaining <= policy.scaledCapacity / 5, now.monotonic >= warnedUntil else { return false }
        switch state {
        case .rolling:
            guard case .rolling(let period, _) = policy.window else { return false }
            warnedUntil = now.monotonic.advanced(byNanoseconds: period)
        case .calendar(_, let window):
            warnedUntil = now.monotonic.advanced(
                byNanoseconds: window.upperBound - Swift.min(now.wall, window.upperBound))
        case .now: warnedUntil = now.monotonic.advanced(byNanoseconds: 60_000_000_000)
        }
        return true
    }

    private static func sum(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let (sum, overflow) = left.addingReportingOverflow(right)
        return overflow ? .max : sum
    }
}
