internal import Configuration
package import Tensors

/// What came of asking for a request's quotas.
package enum QuotaOutcome: Sendable {
    /// Served; there is no status where nothing is counted that clients are told of.
    case admitted(QuotaReservation, RateLimitStatus?)
    /// Turned away: a `quota_exceeded` that says how long to wait, or a `quota_unavailable`.
    case refused(SluiceError, RateLimitStatus?)
    /// Somebody else has to be asked first.
    case waiting(QuotaWait)
}

/// One request's way through all its quotas: it takes from every one, or from none.
struct QuotaRequest: Sendable {
    let model: QuotaModel?
    var charges: [QuotaReservation.Charge]
    /// The charges in the order in which their buckets are locked, where that isn't their own.
    private let order: [Int]?

    init(charges: [QuotaReservation.Charge], model: QuotaModel?) {
        self.charges = charges
        self.model = model
        let isInOrder = charges.indices.dropFirst().allSatisfy {
            charges[$0 - 1].bucket.number < charges[$0].bucket.number
        }
        order =
            isInOrder ? nil : charges.indices.sorted { charges[$0].bucket.number < charges[$1].bucket.number }
    }

    private enum Verdict {
        case admitted(RateLimitStatus?, [QuotaReservation.Event])
        case refused(index: Int, wait: UInt64, RateLimitStatus)
        case down(index: Int)
        case unknown([Int])
    }

    /// Asks every quota once.
    ///
    /// - Parameters:
    ///   - isLast: whether shared counts that must be asked count as silent, since there is no time to ask them.
    ///   - wait: the request, where it waits already.
    mutating func attempt(now: QuotaMoment, isLast: Bool, wait: QuotaWait?) -> QuotaOutcome {
        let (verdict, changed, low, waiting) = locked { request in
            request.settle(now: now, isLast: isLast, wait: wait)
        }
        for index in changed {
            if case .keeping(let keeper) = charges[index].bucket.store { keeper.changed(charges[index].bucket) }
        }
        for index in low {
            if case .sharing(let shared) = charges[index].bucket.store {
                shared.ask(charges[index].bucket, isUrgent: false)
            }
        }
        switch verdict {
        case .admitted(let status, let events):
            return .admitted(
                QuotaReservation(charges: charges, model: model, taken: now, events: events), status)
        case .refused(let index, let wait, let status): return .refused(refusal(by: index, wait), status)
        case .down(let index): return .refused(unavailable(index), nil)
        case .unknown(let unknown):
            guard let waiting else { return .refused(unavailable(unknown[0]), nil) }
            if wait == nil, case .sharing(let shared) = charges[unknown[0]].bucket.store { shared.watch(waiting) }
            for index in unknown {
                if case .sharing(let shared) = charges[index].bucket.store {
                    shared.ask(charges[index].bucket, isUrgent: true)
                }
            }
            return .waiting(waiting)
        }
    }

    /// Does something while no other request touches the same counts.
    private mutating func locked<Result: Sendable>(
        from position: Int = 0, _ work: (inout QuotaRequest) -> Result
    ) -> Result {
        guard position < charges.count else { return work(&self) }
        let bucket = charges[order?[position] ?? position].bucket
        return bucket.lock.withLock { locked(from: position + 1, work) }
    }

    // MARK: Under the locks

    /// Decides, and notes what is to be done about it: whose count has changed, whose lease has news, and who waits.
    private mutating func settle(
        now: QuotaMoment, isLast: Bool, wait: QuotaWait?
    ) -> (Verdict, changed: [Int], low: [Int], waiting: QuotaWait?) {
        var changed: [Int] = []
        var low: [Int] = []
        let verdict = decide(now: now, isLast: isLast)
        switch verdict {
        case .admitted:
            for index in charges.indices where charges[index].source != .none {
                let bucket = charges[index].bucket
                if bucket.noteChange() { changed.append(index) }
                guard let share = bucket.share else { continue }
                if share.lease.runsLow(now: now.monotonic) || share.lease.hasNews { low.append(index) }
            }
        case .unknown(let unknown):
            let wait = wait ?? QuotaWait(self)
            for index in unknown {
                guard let share = charges[index].bucket.share, !share.waiters.contains(where: { $0 === wait }) else {
                    continue
                }
                share.lease.want(charges[index].amount)
                share.waiters.append(wait)
            }
            return (verdict, changed, low, wait)
        case .refused, .down: break
        }
        return (verdict, changed, low, wait)
    }

    private mutating func decide(now: QuotaMoment, isLast: Bool) -> Verdict {
        var longest: (index: Int, wait: UInt64)?
        var unknown: [Int] = []
        var events: [QuotaReservation.Event] = []
        for index in charges.indices {
            let bucket = charges[index].bucket
            let policy = bucket.policy
            let wait: UInt64
            switch find(index, now: now, isLast: isLast) {
            case .ready: continue
            case .down:
                if policy.isShadow { charges[index].source = .none } else { return .down(index: index) }
                continue
            case .unknown:
                // What only measures makes nobody wait: it is told later.
                if !policy.isShadow { unknown.append(index) }
                continue
            case .wait(let nanoseconds): wait = nanoseconds
            }
            if policy.isShadow {
                charges[index].source = .none
                events.append(.init(kind: .shadowRefusal, subject: bucket.subject, policy: policy))
            } else if wait > longest?.wait ?? 0 {
                longest = (index, wait)
            }
        }
        if let longest {
            let remaining = charges[longest.index].bucket.remainingLocked(now: now)
            return .refused(
                index: longest.index, wait: longest.wait, status(of: longest.index, remaining: remaining, now: now))
        }
        if !unknown.isEmpty { return .unknown(unknown) }
        return .admitted(take(now: now, &events), events)
    }

    private enum Finding {
        case ready
        case unknown
        case down
        case wait(UInt64)
    }

    /// Whether there is enough in one quota, and where it would be taken from.
    private mutating func find(_ index: Int, now: QuotaMoment, isLast: Bool) -> Finding {
        let bucket = charges[index].bucket
        let amount = charges[index].amount
        guard let share = bucket.share, case .sharing(let shared) = bucket.store else {
            if charges[index].source != .counted { charges[index].source = .counted }
            let wait = bucket.counter.wait(for: amount, now: now)
            return wait == 0 ? .ready : .wait(wait)
        }
        if amount > bucket.policy.scaledCapacity { return .wait(.max) }
        let windowEnd = bucket.counter.windowEnd(now: now)
        charges[index].windowEnd = windowEnd
        charges[index].source = .leased
        switch share.lease.find(amount, windowEnd: windowEnd, now: now.monotonic) {
        case .ready: return .ready
        case .refused(let wait) where !shared.isDown:
            return .wait(windowEnd == 0 ? wait : max(windowEnd - min(now.wall, windowEnd), 1))
        case .unknown where !shared.isDown && !isLast: return .unknown
        default: break
        }
        charges[index].source = .outage
        switch shared.ifDown {
        case .allow: return .ready
        case .deny: return .down
        case .local:
            let wait = bucket.counter.wait(for: amount, now: now)
            return wait == 0 ? .ready : .wait(wait)
        }
    }

    /// Takes from every quota.
    ///
    /// - Returns: how the one stands that has the smallest part left, of those that turn requests away; the first among
    ///   equals.
    private func take(now: QuotaMoment, _ events: inout [QuotaReservation.Event]) -> RateLimitStatus? {
        var tightest: (index: Int, remaining: UInt64, part: Double)?
        for (index, charge) in charges.enumerated() {
            let bucket = charge.bucket
            switch charge.source {
            case .none: continue
            case .counted: break
            case .leased:
                bucket.share?.lease.use(charge.amount, windowEnd: charge.windowEnd, now: now.monotonic)
            case .outage: bucket.share?.lease.addOutage(charge.amount)
            }
            bucket.counter.charge(charge.amount, now: now)
            let remaining = bucket.remainingLocked(now: now)
            if bucket.counter.warns(remaining: remaining, now: now) {
                events.append(.init(kind: .warning, subject: bucket.subject, policy: bucket.policy))
            }
            guard !bucket.policy.isShadow else { continue }
            let part = Double(remaining) / Double(bucket.policy.scaledCapacity)
            if part < tightest?.part ?? .infinity { tightest = (index, remaining, part) }
        }
        return tightest.map { status(of: $0.index, remaining: $0.remaining, now: now) }
    }

    private func status(of index: Int, remaining: UInt64, now: QuotaMoment) -> RateLimitStatus {
        let bucket = charges[index].bucket
        return RateLimitStatus(
            charges: charges, tightest: index, remaining: remaining / bucket.policy.scale,
            nanosecondsUntilFull: bucket.untilFullLocked(now: now))
    }

    // MARK: Refusals

    func refusal(by index: Int, _ wait: UInt64) -> SluiceError {
        let bucket = charges[index].bucket
        let policy = bucket.policy
        let detail = [
            SluiceError.Detail(bucket.subject.kind.rawValue, bucket.subject.name),
            SluiceError.Detail("quota", policy.name),
        ]
        guard wait < .max else {
            let amount = Double(charges[index].amount) / Double(policy.scale)
            let shown = amount == amount.rounded() ? String(UInt64(amount)) : String(amount)
            return SluiceError(
                .quotaExceeded,
                """
                the request takes \(shown) of the quota "\(policy.name)" of \(policy.text), which never has more than \
                \(policy.capacity)
                """, detail: detail)
        }
        return SluiceError(
            .quotaExceeded,
            """
            \(bucket.subject.text) has used up its quota "\(policy.name)" of \(policy.text); try again in \
            \(RateLimitStatus.retryAfterHeader(nanoseconds: wait))s
            """, detail: detail, retryAfterNanoseconds: wait)
    }

    private func unavailable(_ index: Int) -> SluiceError {
        let policy = charges[index].bucket.policy
        return SluiceError(
            .quotaUnavailable, "the quota \"\(policy.name)\" can't be asked for at the moment; try again in 1s",
            detail: [.init("quota", policy.name)], retryAfterNanoseconds: 1_000_000_000)
    }
}
