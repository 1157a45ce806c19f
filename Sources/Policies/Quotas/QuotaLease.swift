package import Tensors

/// What a gateway holds ready of a quota that several gateways share: requests take from it without asking anybody.
///
/// A plain state machine. Whoever keeps the shared count is asked for more when too little is left, at once where a
/// request waits, and beforehand where requests come quickly; what nobody needs is given back. So much as is held here
/// counts as used for all others: at most `most`, or what one request needs.
package struct QuotaLease: Sendable {
    /// What a request finds.
    package enum Finding: Sendable, Equatable {
        /// There is enough.
        case ready
        /// The shared count has to be asked.
        case unknown
        /// It has been asked a moment ago, and so long it takes until there is enough.
        case refused(UInt64)
    }

    /// What the shared count is asked and told; all in the policy's scale.
    package struct Question: Sendable, Equatable {
        /// No less than this is of use; 0 asks for nothing.
        package var least: UInt64
        /// What would be taken.
        package var most: UInt64
        /// What has been used beyond what was leased.
        package var debit: UInt64
        /// What was used while the count couldn't be asked: it may empty a rolling window, but leaves no debt.
        package var outage: UInt64
        /// What isn't needed after all.
        package var giveBack: UInt64
        /// The window that all this is for, by its end; 0 for rolling ones.
        package var windowEnd: UInt64
    }

    /// What the shared count said.
    package struct Answer: Sendable, Equatable {
        package var granted: UInt64
        /// What is left for everybody.
        package var remaining: UInt64
        /// Until the least that was asked for can be had; 0 where it was granted.
        package var wait: UInt64
        /// Until all can be had again.
        package var untilFull: UInt64

        package init(granted: UInt64, remaining: UInt64, wait: UInt64, untilFull: UInt64) {
            self.granted = granted
            self.remaining = remaining
            self.wait = wait
            self.untilFull = untilFull
        }
    }

    /// A refusal is remembered for so long at least, and at most: others may have given something back.
    static let shortestMemory: UInt64 = 25_000_000
    static let longestMemory: UInt64 = 250_000_000
    /// What hasn't been used for so long is given back.
    package static let idleNanoseconds: UInt64 = 1_000_000_000
    /// Leases that last no longer than this grow.
    private static let quick: UInt64 = 200_000_000

    /// The most that is held ready for requests to come.
    private let most: UInt64
    /// What can be taken without asking.
    package private(set) var held: UInt64 = 0
    private var windowEnd: UInt64 = 0
    private var isAsking = false
    /// What the largest of the waiting requests needs, and all of them together.
    private var largest: UInt64 = 0
    private var wanted: UInt64 = 0
    private var debit: UInt64 = 0
    private var outage: UInt64 = 0
    private var unneeded: UInt64 = 0
    /// How much was asked for last, and when.
    private var size: UInt64 = 0
    private var askedAt: MonotonicTime?
    private var usedAt = MonotonicTime(nanoseconds: 0)
    private var refusedUntil = MonotonicTime(nanoseconds: 0)
    private var availableAt = MonotonicTime(nanoseconds: 0)
    private var refusedAmount: UInt64 = 0
    /// What was left for everybody when the count was last asked, and when all was to be back.
    private var lastRemaining: UInt64?
    private var fullAt = MonotonicTime(nanoseconds: 0)

    /// - Parameters:
    ///   - capacity: the most that the quota gives at once.
    ///   - percent: how much of that may be held ready.
    package init(capacity: UInt64, percent: Int) {
        let (product, overflow) = capacity.multipliedReportingOverflow(by: UInt64(clamping: percent))
        most = overflow ? capacity / 100 * UInt64(clamping: percent) : product / 100
    }

    /// A lease of a window that is over is worth nothing.
    private mutating func turn(_ end: UInt64) {
        guard end != windowEnd else { return }
        windowEnd = end
        (held, debit, outage, unneeded, size) = (0, 0, 0, 0, 0)
        (refusedUntil, lastRemaining) = (MonotonicTime(nanoseconds: 0), nil)
    }

    /// Whether so much can be taken.
    ///
    /// - Parameter windowEnd: of the window that is now; 0 for rolling ones.
    package mutating func find(_ amount: UInt64, windowEnd: UInt64, now: MonotonicTime) -> Finding {
        turn(windowEnd)
        if held >= amount { return .ready }
        if amount >= refusedAmount, now < refusedUntil { return .refused(max(availableAt.nanoseconds(since: now), 1)) }
        return .unknown
    }

    /// Takes what `find` found ready.
    package mutating func take(_ amount: UInt64, now: MonotonicTime) {
        held -= min(held, amount)
        usedAt = now
    }

    /// Takes so much where it is ready; else it is noted as used by somebody who had no lease.
    mutating func use(_ amount: UInt64, windowEnd: UInt64, now: MonotonicTime) {
        if find(amount, windowEnd: windowEnd, now: now) == .ready { take(amount, now: now) } else { addDebit(amount) }
    }

    /// A request waits for so much.
    package mutating func want(_ amount: UInt64) {
        largest = max(largest, amount)
        let (sum, overflow) = wanted.addingReportingOverflow(amount)
        wanted = overflow ? .max : sum
    }

    /// Whether more is to be asked for before anybody has to wait.
    package func runsLow(now: MonotonicTime) -> Bool {
        !isAsking && size > 1 && held < size / 2 && now >= refusedUntil
            && isQuick(now)
    }

    /// Whether it was asked for a moment ago.
    private func isQuick(_ now: MonotonicTime) -> Bool {
        askedAt.map { now.nanoseconds(since: $0) < Self.quick } ?? false
    }

    /// Something was used that nobody had leased; to be told with the next question.
    package mutating func addDebit(_ amount: UInt64) { debit = Self.sum(debit, amount) }

    /// Something was let through while nobody could be asked.
    package mutating func addOutage(_ amount: UInt64) { outage = Self.sum(outage, amount) }

    /// Some of it was not used after all.
    package mutating func removeOutage(_ amount: UInt64) { outage -= min(outage, amount) }

    /// What was taken isn't needed after all: it is there for the next request.
    package mutating func giveBack(_ amount: UInt64, windowEnd: UInt64) {
        guard windowEnd == self.windowEnd else { return }
        // What was used beyond the lease comes first: it has only been noted.
        let noted = min(debit, amount)
        debit -= noted
        held = Self.sum(held, amount - noted)
        // A request's worth and what may be ready is enough; the rest goes back.
        let enough = max(most, size)
        if held > enough {
            unneeded = Self.sum(unneeded, held - enough)
            held = enough
        }
        // There is something again.
        refusedUntil = MonotonicTime(nanoseconds: 0)
    }

    /// Whether there is something to tell, though nobody waits.
    package var hasNews: Bool { debit > 0 || outage > 0 || unneeded > 0 }

    /// What to ask now; `nil` where a question is under way, or there is nothing to ask or tell.
    ///
    /// - Parameter ahead: whether to ask for what requests to come will need.
    package mutating func question(ahead: Bool, now: MonotonicTime) -> Question? {
        guard !isAsking, largest > 0 || ahead || hasNews else { return nil }
        var question = Question(
            least: 0, most: 0, debit: debit, outage: outage, giveBack: unneeded, windowEnd: windowEnd)
        if largest > 0 || ahead {
            // Small amounts at first, more where they don't last: a quota that few use is asked for exactly.
            size = isQuick(now) ? min(most, max(size, 1) &* 2) : min(most, size / 2)
            askedAt = now
            // What all wait for may be more than any lease: then it is for them alone.
            let target = max(size, wanted)
            question.least = largest > held ? largest - held : 1
            question.most = max(target > held ? target - held : 0, question.least)
        }
        isAsking = true
        (largest, wanted, debit, outage, unneeded) = (0, 0, 0, 0, 0)
        return question
    }

    /// The question has been answered.
    package mutating func answered(_ question: Question, _ answer: Answer, now: MonotonicTime) {
        endQuestion()
        guard question.windowEnd == windowEnd else { return }
        held = Self.sum(held, answer.granted)
        lastRemaining = answer.remaining
        fullAt = now.advanced(byNanoseconds: answer.untilFull)
        usedAt = now
        if question.least > 0, answer.granted == 0 {
            availableAt = now.advanced(byNanoseconds: answer.wait)
            refusedAmount = question.least
            refusedUntil = now.advanced(
                byNanoseconds: min(max(answer.wait, Self.shortestMemory), Self.longestMemory))
        }
    }

    /// The question got no answer: what was to be told is told with the next one. Perhaps it was heard: then it counts
    /// twice, which errs on the side of the quota.
    package mutating func failed(_ question: Question) {
        endQuestion()
        guard question.windowEnd == windowEnd else { return }
        debit = Self.sum(debit, question.debit)
        outage = Self.sum(outage, question.outage)
        // What may have been given back must not be given back again.
    }

    /// Whoever waits asks anew.
    private mutating func endQuestion() { (isAsking, largest, wanted) = (false, 0, 0) }

    /// Gives back what nobody has used for a while.
    package mutating func rest(now: MonotonicTime) {
        guard held > 0, !isAsking, now.nanoseconds(since: usedAt) >= Self.idleNanoseconds else { return }
        unneeded = Self.sum(unneeded, held)
        (held, size) = (0, 0)
    }

    /// Gives back everything, as the gateway ends.
    package mutating func end() {
        unneeded = Self.sum(unneeded, held)
        held = 0
    }

    /// Whether nothing is held and nothing is to be told.
    package var isIdle: Bool { held == 0 && !isAsking && !hasNews && largest == 0 }

    /// What is left as far as this gateway knows; `nil` where it never asked.
    package var remaining: UInt64? { lastRemaining.map { Self.sum($0, held) } }

    package func nanosecondsUntilFull(now: MonotonicTime) -> UInt64 { fullAt.nanoseconds(since: now) }

    private static func sum(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let (sum, overflow) = left.addingReportingOverflow(right)
        return overflow ? .max : sum
    }
}
