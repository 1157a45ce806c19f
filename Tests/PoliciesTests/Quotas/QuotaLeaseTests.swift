import Tensors
import Testing

@testable import Policies

@Suite struct QuotaLeaseTests {
    private func moment(_ milliseconds: UInt64) -> MonotonicTime {
        MonotonicTime(nanoseconds: milliseconds * 1_000_000)
    }

    private func answer(_ granted: UInt64, remaining: UInt64 = 100, wait: UInt64 = 0) -> QuotaLease.Answer {
        QuotaLease.Answer(granted: granted, remaining: remaining, wait: wait, untilFull: 0)
    }

    private func ask(
        _ lease: inout QuotaLease, ahead: Bool, _ now: MonotonicTime
    ) throws -> QuotaLease.Question {
        let question = lease.question(ahead: ahead, now: now)
        return try #require(question)
    }

    /// A lease that has been granted so much.
    private func granted(_ amount: UInt64, capacity: UInt64 = 100, at milliseconds: UInt64 = 0) throws -> QuotaLease {
        var lease = QuotaLease(capacity: capacity, percent: 5)
        lease.want(amount)
        let question = try ask(&lease, ahead: false, moment(milliseconds))
        lease.answered(question, answer(amount), now: moment(milliseconds))
        return lease
    }

    @Test func theFirstRequestAsksForExactlyWhatItNeeds() throws {
        var lease = QuotaLease(capacity: 1_000, percent: 5)
        #expect(lease.find(3, windowEnd: 0, now: moment(1_000)) == .unknown)
        lease.want(3)
        let question = try ask(&lease, ahead: false, moment(1_000))
        #expect(question == .init(least: 3, most: 3, debit: 0, outage: 0, giveBack: 0, windowEnd: 0))
        // One question at a time.
        lease.want(3)
        #expect(lease.question(ahead: false, now: moment(1_000)) == nil)
        lease.answered(question, answer(3), now: moment(1_001))
        #expect(lease.find(3, windowEnd: 0, now: moment(1_001)) == .ready)
        lease.take(3, now: moment(1_001))
        #expect(lease.find(1, windowEnd: 0, now: moment(1_001)) == .unknown)
    }

    @Test func leasesGrowWhereTheyDoNotLastUpToTheirBound() throws {
        var lease = try granted(1)
        var sizes: [UInt64] = []
        for step in 1..<8 {
            lease.take(lease.held, now: moment(UInt64(step)))
            lease.want(1)
            let question = try ask(&lease, ahead: false, moment(UInt64(step)))
            sizes.append(question.most)
            lease.answered(question, answer(question.most), now: moment(UInt64(step)))
        }
        #expect(sizes == [2, 4, 5, 5, 5, 5, 5])
        // After a quiet time they are small again.
        lease.take(lease.held, now: moment(2_000))
        lease.want(1)
        #expect(lease.question(ahead: false, now: moment(2_000))?.most == 2)
    }

    @Test func moreIsAskedForBeforeAnybodyHasToWait() throws {
        var lease = try granted(1, capacity: 1_000)
        for step in 1..<8 {
            lease.take(lease.held, now: moment(UInt64(step)))
            lease.want(1)
            let question = try ask(&lease, ahead: false, moment(UInt64(step)))
            lease.answered(question, answer(question.most), now: moment(UInt64(step)))
        }
        #expect(lease.held == 50)
        lease.take(25, now: moment(9))
        #expect(!lease.runsLow(now: moment(9)))
        lease.take(1, now: moment(9))
        #expect(lease.runsLow(now: moment(9)))
        let question = try ask(&lease, ahead: true, moment(9))
        // Only so much that no more than a lease is held.
        #expect(question.most == 26)
        #expect(!lease.runsLow(now: moment(9)))
    }

    @Test func aRefusalIsRememberedForAWhile() throws {
        var lease = QuotaLease(capacity: 100, percent: 5)
        lease.want(2)
        let question = try ask(&lease, ahead: false, moment(0))
        lease.answered(question, answer(0, remaining: 1, wait: 10_000_000_000), now: moment(0))
        #expect(lease.find(2, windowEnd: 0, now: moment(100)) == .refused(9_900_000_000))
        // Less than what was refused may be there.
        #expect(lease.find(1, windowEnd: 0, now: moment(100)) == .unknown)
        // Others may have given something back.
        #expect(lease.find(2, windowEnd: 0, now: moment(250)) == .unknown)
        // A short wait is remembered a little longer than it takes, so that the server isn't asked for each request.
        lease.want(2)
        let again = try ask(&lease, ahead: false, moment(250))
        lease.answered(again, answer(0, remaining: 1, wait: 1_000_000), now: moment(250))
        #expect(lease.find(2, windowEnd: 0, now: moment(260)) == .refused(1))
        #expect(lease.find(2, windowEnd: 0, now: moment(275)) == .unknown)
    }

    @Test func whatNobodyUsesIsGivenBack() throws {
        var lease = try granted(4)
        lease.rest(now: moment(999))
        #expect(lease.held == 4 && !lease.hasNews)
        lease.rest(now: moment(1_000))
        #expect(lease.held == 0 && lease.hasNews)
        let question = try ask(&lease, ahead: false, moment(1_000))
        #expect(question == .init(least: 0, most: 0, debit: 0, outage: 0, giveBack: 4, windowEnd: 0))
        lease.answered(question, answer(0), now: moment(1_001))
        #expect(lease.isIdle)
        // Telling isn't asking: nothing was refused.
        #expect(lease.find(1, windowEnd: 0, now: moment(1_001)) == .unknown)
    }

    @Test func aRefundIsThereForTheNextButNotMoreThanMayBeHeld() throws {
        var lease = try granted(5)
        lease.take(5, now: moment(1))
        lease.giveBack(3, windowEnd: 0)
        #expect(lease.held == 3)
        lease.giveBack(40, windowEnd: 0)
        #expect(lease.held == 5)
        #expect(lease.question(ahead: false, now: moment(2))?.giveBack == 38)
    }

    @Test func aLeaseOfTheLastWindowIsWorthNothing() throws {
        var lease = QuotaLease(capacity: 100, percent: 5)
        #expect(lease.find(1, windowEnd: 10, now: moment(0)) == .unknown)
        lease.want(1)
        let question = try ask(&lease, ahead: false, moment(0))
        #expect(question.windowEnd == 10)
        lease.answered(question, answer(5), now: moment(0))
        #expect(lease.find(5, windowEnd: 10, now: moment(0)) == .ready)
        #expect(lease.find(1, windowEnd: 20, now: moment(0)) == .unknown)
        lease.giveBack(5, windowEnd: 10)
        #expect(lease.held == 0)
        // An answer that comes too late is for a window that is over.
        lease.want(1)
        let late = try ask(&lease, ahead: false, moment(0))
        _ = lease.find(1, windowEnd: 30, now: moment(0))
        lease.answered(late, answer(5), now: moment(0))
        #expect(lease.held == 0)
    }

    @Test func debtsAreToldAgainAfterAFailureAndGiftsAreNot() throws {
        var lease = try granted(5)
        lease.addDebit(7)
        lease.addOutage(2)
        lease.end()
        let question = try ask(&lease, ahead: false, moment(1))
        #expect(question == .init(least: 0, most: 0, debit: 7, outage: 2, giveBack: 5, windowEnd: 0))
        lease.failed(question)
        let again = try ask(&lease, ahead: false, moment(2))
        #expect(again == .init(least: 0, most: 0, debit: 7, outage: 2, giveBack: 0, windowEnd: 0))
    }

    /// Several gateways and one count, told in random order: never is more taken than the count gave out.
    @Test(arguments: 0..<40) func neverIsMoreTakenThanWasGranted(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let capacity = UInt64.random(in: 1...200, using: &generator)
        var shared = RatedBucket(
            max: Int(capacity), periodNanoseconds: 1_000_000_000, burst: Int(capacity), now: moment(0))
        var leases = (0..<3).map { _ in QuotaLease(capacity: capacity, percent: 5) }
        var open: [(gateway: Int, question: QuotaLease.Question)] = []
        var admissions: [(time: UInt64, amount: UInt64)] = []
        var time: UInt64 = 0
        for _ in 0..<2_000 {
            time += UInt64.random(in: 0...3, using: &generator)
            let now = moment(time)
            let gateway = Int.random(in: 0..<3, using: &generator)
            if Int.random(in: 0...2, using: &generator) == 0, !open.isEmpty {
                let (asker, question) = open.remove(at: Int.random(in: 0..<open.count, using: &generator))
                shared.charge(question.debit, now: now)
                shared.refund(question.giveBack, now: now)
                let free = shared.remaining(now: now)
                let granted = question.least == 0 || free < question.least ? 0 : min(free, question.most)
                shared.charge(granted, now: now)
                let wait = granted == 0 ? shared.nanosecondsUntilAvailable(question.least, now: now) : 0
                leases[asker].answered(
                    question, .init(granted: granted, remaining: free - granted, wait: wait, untilFull: 0), now: now)
                continue
            }
            let amount = UInt64.random(in: 1...2, using: &generator)
            switch leases[gateway].find(amount, windowEnd: 0, now: now) {
            case .ready:
                leases[gateway].take(amount, now: now)
                admissions.append((time, amount))
            case .unknown: leases[gateway].want(amount)
            case .refused: break
            }
            if Int.random(in: 0...9, using: &generator) == 0 { leases[gateway].rest(now: now) }
            let ahead = leases[gateway].runsLow(now: now)
            if let question = leases[gateway].question(ahead: ahead, now: now) { open.append((gateway, question)) }
        }
        // In no window more than it earns, a full count, and what three gateways may hold ready: 5 % each, or what the
        // requests that waited at one moment needed.
        let bound = 3 * max(capacity * 5 / 100, 2) + 2
        for start in admissions.indices {
            var sum: UInt64 = 0
            for end in admissions[start...] {
                sum += end.amount
                let earned = (end.time - admissions[start].time) * capacity / 1_000 + 1
                #expect(sum <= capacity + earned + bound * 4)
            }
        }
    }
}
