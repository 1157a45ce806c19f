internal import Synchronization
package import Tensors

/// One subject's count of one quota; it outlives the revision of the file that made it.
///
/// Invariant behind `@unchecked Sendable`: what varies is touched under `lock` only.
package final class QuotaBucket: @unchecked Sendable {
    private static let made = Atomic<UInt64>(0)

    /// Whoever locks several does so in the order of these: by kind of subject, as requests ask them, then by age.
    let number: UInt64
    // What every request needs lies together, the lock included: with many consumers each line has to come from memory.
    package let policy: QuotaPolicy
    /// What this gateway holds of a count that it shares; `nil` where the count is its own.
    let share: QuotaShare?
    let lock = QuotaLock()
    /// Whether nothing but this process's memory knows of it.
    let isLocal: Bool
    private var isChanged = false
    /// Counts what goes through this gateway.
    var counter: QuotaCounter
    let store: QuotaStore?
    package let subject: QuotaSubject
    /// Unique among all counts of its store, and another one where the quota means something else; empty without one.
    package let key: String

    /// The count as its store knows it, or nothing used.
    init(_ policy: QuotaPolicy, of subject: QuotaSubject, store: QuotaStore?, now: QuotaMoment) {
        number = subject.kind.order << 56 | Self.made.wrappingAdd(1, ordering: .relaxed).newValue
        self.subject = subject
        self.policy = policy
        self.store = store
        key = store == nil ? "" : "\(subject.key)/\(policy.key)"
        isLocal = store == nil
        if case .sharing(let shared) = store {
            share = QuotaShare(QuotaLease(capacity: policy.scaledCapacity, percent: shared.leasePercent))
        } else {
            share = nil
        }
        if case .keeping(let keeper) = store, let saved = keeper.saved(key) {
            counter = QuotaCounter(policy, saved: saved, now: now)
        } else {
            counter = QuotaCounter(policy, now: now)
        }
    }

    /// Whether the count is one of several gateways'.
    var isShared: Bool { share != nil }

    /// Notes that the count has changed; under the lock.
    ///
    /// - Returns: whether the keeper must be told.
    func noteChange() -> Bool {
        guard !isLocal, case .keeping = store, !isChanged else { return false }
        isChanged = true
        return true
    }

    /// What is to be written down now; `nil` where nothing is used.
    package func takeSaved(now: QuotaMoment) -> QuotaCounter.Saved? {
        lock.withLock {
            isChanged = false
            return counter.saved(now: now)
        }
    }

    // MARK: For requests with no other quota

    /// What came of asking for an amount.
    struct Take {
        /// How long until so much can be had: 0 where it was taken, `UInt64.max` where it never can be.
        var wait: UInt64
        /// How much could be had after that.
        var remaining: UInt64
        var nanosecondsUntilFull: UInt64
        /// Whether it has just become known that four fifths are used.
        var warns: Bool
    }

    /// Takes so much where it can be had, of a count that is kept in memory alone.
    func take(_ amount: UInt64, now: QuotaMoment) -> Take {
        lock.withLock {
            let taken = counter.take(amount, now: now)
            let remaining = min(taken.remaining, policy.scaledCapacity)
            return Take(
                wait: taken.wait, remaining: remaining, nanosecondsUntilFull: taken.nanosecondsUntilFull,
                warns: taken.wait == 0 && counter.warns(remaining: remaining, now: now))
        }
    }

    // MARK: For whoever keeps the shared count

    /// What to ask and to tell now, if anything.
    package func question(now: MonotonicTime) -> QuotaLease.Question? {
        lock.withLock {
            let ahead = share?.lease.runsLow(now: now) ?? false
            return share?.lease.question(ahead: ahead, now: now)
        }
    }

    /// The answer; requests that waited for it go on.
    package func answered(_ question: QuotaLease.Question, _ answer: QuotaLease.Answer, now: QuotaMoment) {
        let waiting = lock.withLock {
            share?.lease.answered(question, answer, now: now.monotonic)
            return takeWaiters()
        }
        for wait in waiting { wait.retry(now: now, isLast: false) }
    }

    /// There will be no answer; requests that waited for it go by what holds then.
    package func failed(_ question: QuotaLease.Question?, now: QuotaMoment) {
        let waiting = lock.withLock {
            if let question { share?.lease.failed(question) }
            return takeWaiters()
        }
        for wait in waiting { wait.retry(now: now, isLast: true) }
    }

    private func takeWaiters() -> [QuotaWait] {
        defer { share?.waiters = [] }
        return share?.waiters ?? []
    }

    /// Gives back what nobody has used for a while.
    ///
    /// - Returns: whether the shared count is to be told something, and whether there is nothing more to do here.
    package func rest(now: MonotonicTime) -> (hasNews: Bool, isIdle: Bool) {
        lock.withLock {
            share?.lease.rest(now: now)
            return (share?.lease.hasNews ?? false, share.map { $0.lease.isIdle && $0.waiters.isEmpty } ?? true)
        }
    }

    /// Gives back all that is held, as the gateway ends; what to tell the shared count.
    package func end(now: MonotonicTime) -> QuotaLease.Question? {
        lock.withLock {
            share?.lease.end()
            return share?.lease.question(ahead: false, now: now)
        }
    }

    // MARK: For people

    /// How the quota stands.
    package struct Standing: Sendable {
        package var policy: QuotaPolicy
        /// In units.
        package var used: Double
        package var remaining: Double
        package var nanosecondsUntilFull: UInt64
    }

    package func standing(now: QuotaMoment) -> Standing {
        lock.withLock {
            let remaining = remainingLocked(now: now)
            let scale = Double(policy.scale)
            return Standing(
                policy: policy, used: Double(policy.scaledCapacity - min(policy.scaledCapacity, remaining)) / scale,
                remaining: Double(remaining) / scale, nanosecondsUntilFull: untilFullLocked(now: now))
        }
    }

    func remainingLocked(now: QuotaMoment) -> UInt64 {
        let own = counter.remaining(now: now)
        return min(share?.lease.remaining ?? own, policy.scaledCapacity)
    }

    func untilFullLocked(now: QuotaMoment) -> UInt64 {
        let own = counter.nanosecondsUntilFull(now: now)
        return max(own, share?.lease.nanosecondsUntilFull(now: now.monotonic) ?? 0)
    }
}
