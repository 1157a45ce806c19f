package import Configuration
internal import Tensors

/// What one request has taken from its quotas before it is answered, to be settled by what it really took.
package struct QuotaReservation: Sendable {
    /// One quota's part.
    struct Charge: Sendable {
        let bucket: QuotaBucket
        /// What its subject's quotas are, and where among them it is.
        let set: QuotaSet
        let place: Int
        var amount: UInt64
        var source: Source
        /// The window that it was taken from, where it was leased.
        var windowEnd: UInt64 = 0

        init(bucket: QuotaBucket, set: QuotaSet, place: Int, amount: UInt64) {
            self.bucket = bucket
            self.set = set
            self.place = place
            self.amount = amount
            source = bucket.isShared ? .none : .counted
        }
    }

    enum Source: Sendable {
        /// Nothing was taken: a quota that turns nobody away had no room.
        case none
        /// From this gateway's own count.
        case counted
        /// From a lease of a shared count.
        case leased
        /// From this gateway's count, while the shared one could not be asked.
        case outage
    }

    /// Something that people want to know of.
    package struct Event: Sendable {
        package enum Kind: Sendable {
            /// Four fifths are used.
            case warning
            /// It would have turned the request away, did it not only measure.
            case shadowRefusal
        }

        package let kind: Kind
        package let subject: QuotaSubject
        package let policy: QuotaPolicy
    }

    private var charges: [Charge]
    private var model: QuotaModel?
    private let taken: QuotaMoment
    package let events: [Event]

    init(charges: [Charge], model: QuotaModel?, taken: QuotaMoment, events: [Event]) {
        self.charges = charges
        self.model = model
        self.taken = taken
        self.events = events
    }

    /// Nothing taken.
    package static let nothing = QuotaReservation(
        charges: [], model: nil, taken: QuotaMoment(monotonic: MonotonicTime(nanoseconds: 0), wall: 0), events: [])

    /// Nothing taken yet, though what the model's answer takes may count.
    static func none(of model: QuotaModel, now: QuotaMoment) -> QuotaReservation {
        QuotaReservation(charges: [], model: model, taken: now, events: [])
    }

    package var isEmpty: Bool { charges.isEmpty }

    /// Takes what the request took beyond what was reserved, and gives back the rest.
    ///
    /// - Parameters:
    ///   - isSuccess: whether the model answered: only then is it told what requests take.
    ///   - now: asked for only where something changes.
    package func settle(_ facts: QuotaFacts, isSuccess: Bool, now: @autoclosure () -> QuotaMoment) {
        if isSuccess, let model, model.isAsked { model.note(facts) }
        var moment: QuotaMoment?
        for charge in charges {
            let policy = charge.bucket.policy
            if policy.countsRequests, charge.amount == 1 { continue }
            let actual = policy.count == .concurrent ? 0 : policy.amount(of: facts, cost: model?.cost)
            guard actual != charge.amount else { continue }
            let now = moment ?? now()
            moment = now
            change(charge, to: actual, now: now)
        }
    }

    /// Gives everything back: the request was not served.
    package func refund(now: QuotaMoment) {
        for charge in charges { change(charge, to: 0, now: now) }
    }

    /// Gives back what was the model's own: another one is tried.
    package mutating func leaveModel(now: QuotaMoment) {
        for charge in charges where charge.bucket.subject.kind == .model { change(charge, to: 0, now: now) }
        charges.removeAll { $0.bucket.subject.kind == .model }
    }

    /// What the other model's quotas gave goes with the rest from now on.
    package mutating func join(_ other: QuotaReservation) {
        charges += other.charges
        if let model = other.model { self.model = model }
    }

    private func change(_ charge: Charge, to actual: UInt64, now: QuotaMoment) {
        guard charge.source != .none, actual != charge.amount else { return }
        let bucket = charge.bucket
        let (isChanged, hasNews) = bucket.lock.withLock {
            if actual > charge.amount {
                let more = actual - charge.amount
                bucket.counter.charge(more, now: now)
                switch charge.source {
                case .leased: bucket.share?.lease.use(more, windowEnd: charge.windowEnd, now: now.monotonic)
                case .outage: bucket.share?.lease.addOutage(more)
                case .none, .counted: break
                }
            } else {
                let less = charge.amount - actual
                bucket.counter.giveBack(less, from: taken, now: now)
                switch charge.source {
                case .leased: bucket.share?.lease.giveBack(less, windowEnd: charge.windowEnd)
                case .outage: bucket.share?.lease.removeOutage(less)
                case .none, .counted: break
                }
            }
            return (bucket.noteChange(), bucket.share?.lease.hasNews ?? false)
        }
        if isChanged, case .keeping(let keeper) = bucket.store { keeper.changed(bucket) }
        if hasNews, case .sharing(let shared) = bucket.store { shared.ask(bucket, isUrgent: false) }
    }
}

extension QuotaPolicy {
    /// What a request with these facts takes, as it is counted; parts of it count as a whole.
    func amount(of facts: QuotaFacts, cost: CostExpression?) -> UInt64 {
        let units: Double
        switch count {
        case .fact(.requests), .concurrent: return 1
        case .fact(let fact): units = facts[fact]
        case .cost: units = cost.map { $0.evaluate(facts) } ?? 1
        }
        let scaled = (units * Double(scale)).rounded(.up)
        return scaled > 0 ? UInt64(min(scaled, 1e18)) : 0
    }

    /// What to reserve for it, when part of that is only a guess.
    ///
    /// A guess is at least one unit, so that what is used up lets nobody in, and never so much that nobody could get in.
    func reserve(of facts: QuotaFacts, cost: CostExpression?) -> UInt64 {
        if countsRequests { return 1 }
        let amount = amount(of: facts, cost: cost)
        return isKnownLate(cost: cost) ? min(Swift.max(amount, scale), scaledCapacity) : amount
    }
}
