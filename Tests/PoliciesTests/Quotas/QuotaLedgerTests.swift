import Configuration
import Tensors
import Testing

@testable import Policies

@Suite struct QuotaLedgerTests {
    private static let minute: UInt64 = 60_000_000_000

    private static func at(seconds: Double) -> MonotonicTime {
        MonotonicTime(nanoseconds: UInt64(seconds * 1e9))
    }

    /// Asks the quotas of one ledger for a request.
    private static func reserve(_ ledger: QuotaLedger, at seconds: Double = 0) -> QuotaOutcome {
        let now = QuotaMoment(monotonic: at(seconds: seconds), wall: UInt64(seconds * 1e9))
        let charges = ledger.buckets.enumerated().map { place, bucket in
            QuotaReservation.Charge(bucket: bucket, set: ledger.quotas, place: place, amount: 1)
        }
        var request = QuotaRequest(charges: charges, model: nil)
        return request.attempt(now: now, isLast: false, wait: nil)
    }

    private static func refund(_ outcome: QuotaOutcome) {
        guard case .admitted(let reservation, _) = outcome else { return }
        reservation.refund(now: QuotaMoment(monotonic: at(seconds: 0), wall: 0))
    }

    private static func ledger(_ policies: QuotaPolicy...) -> QuotaLedger {
        QuotaLedger(consumer: "acme", policies: policies, now: at(seconds: 0))
    }

    private static let standard = QuotaPolicy(name: "standard", max: 100, periodNanoseconds: minute, burst: 20)
    private static let daily = QuotaPolicy(name: "daily", max: 3, periodNanoseconds: 1_440 * minute, burst: 3)

    /// Most requests have one quota, which is asked by a shorter way: it must come to the same.
    @Test(arguments: [
        QuotaPolicy(name: "a", max: 7, periodNanoseconds: minute, burst: 5),
        QuotaPolicy(name: "b", max: 40, window: .now),
        QuotaPolicy(name: "c", max: 30, window: .rolling(periodNanoseconds: minute, burst: 30), isShadow: true),
        QuotaPolicy(name: "d", count: .cost, max: 3, window: .rolling(periodNanoseconds: minute, burst: 3)),
    ])
    func aSingleQuotaIsAskedAsOneOfSeveral(policy: QuotaPolicy) {
        let (left, right) = (Self.ledger(policy), Self.ledger(policy))
        func told(_ outcome: QuotaOutcome) -> String {
            switch outcome {
            case .admitted(let reservation, let status):
                let events = reservation.events.map { "\($0.kind) \($0.policy.name)" }
                return "admitted \(status?.header ?? "-") \(status?.policyHeader ?? "-") \(events)"
            case .refused(let error, let status):
                return "refused \(error.message) \(error.retryAfterNanoseconds ?? 0) \(status?.header ?? "-")"
            case .waiting: return "waiting"
            }
        }
        var refused = 0
        var (kept, others): ([QuotaReservation], [QuotaReservation]) = ([], [])
        var nanoseconds: UInt64 = 0
        for step in 0..<2_000 {
            nanoseconds += UInt64(step * step % 9) * 400_000_000
            let now = QuotaMoment(monotonic: MonotonicTime(nanoseconds: nanoseconds), wall: nanoseconds)
            let amount = UInt64(step * 7 % 5) * policy.scale / 2
            let short = QuotaRequest.takeSingle(
                [.init(bucket: left.buckets[0], set: left.quotas, place: 0, amount: amount)],
                model: QuotaModel(cost: nil),
                now: now)
            var request = QuotaRequest(
                charges: [.init(bucket: right.buckets[0], set: right.quotas, place: 0, amount: amount)], model: nil)
            let long = request.attempt(now: now, isLast: false, wait: nil)
            #expect(told(short) == told(long), "step \(step)")
            if case .refused = short { refused += 1 }
            if case .admitted(let reservation, _) = short { kept.append(reservation) }
            if case .admitted(let reservation, _) = long { others.append(reservation) }
            if step % 3 == 0, let one = kept.popLast(), let other = others.popLast() {
                one.refund(now: now)
                other.refund(now: now)
            }
        }
        #expect(policy.isShadow || refused > 10)
    }

    @Test func noQuotasAdmitAlwaysAndSayNothing() {
        let ledger = Self.ledger()
        for _ in 0..<1_000 {
            guard case .admitted(_, nil) = Self.reserve(ledger) else {
                Issue.record("refused or with a status")
                return
            }
        }
    }

    @Test func admissionTellsWhatIsLeft() throws {
        let ledger = Self.ledger(Self.standard)
        guard case .admitted(_, let status?) = Self.reserve(ledger) else {
            Issue.record("refused")
            return
        }
        #expect(status.remaining == 19)
        #expect(status.policyHeader == "\"standard\";q=100;w=60")
        // One request is earned back in 0.6 s.
        #expect(status.header == "\"standard\";r=19;t=1")
    }

    @Test func refusalSaysWhoWhatAndHowLong() {
        let ledger = Self.ledger(Self.standard)
        for _ in 0..<20 { _ = Self.reserve(ledger) }
        guard case .refused(let error, let status?) = Self.reserve(ledger, at: 0.1) else {
            Issue.record("admitted")
            return
        }
        #expect(error.code == .quotaExceeded)
        #expect(
            error.message
                == "consumer \"acme\" has used up its quota \"standard\" of 100 requests per minute; try again in 1s")
        #expect(error.retryAfterNanoseconds == 500_000_000)
        #expect(status.header == "\"standard\";r=0;t=12")
    }

    @Test func aRefusalTakesFromNoQuota() {
        let ledger = Self.ledger(Self.standard, Self.daily)
        let taken = (0..<3).map { _ in Self.reserve(ledger) }
        for _ in 0..<50 {
            guard case .refused(_, let status?) = Self.reserve(ledger) else {
                Issue.record("admitted beyond the day's quota")
                return
            }
            #expect(status.policy.name == "daily")
        }
        Self.refund(taken[0])
        let again = Self.reserve(ledger)
        guard case .admitted(_, let status?) = again else {
            Issue.record("refused")
            return
        }
        // The refusals above left the other quota at 17.
        #expect(status.policyHeader == "\"daily\";q=3;w=86400, \"standard\";q=100;w=60")
        #expect(status.header == "\"daily\";r=0;t=86400")
        for outcome in taken + [again] { Self.refund(outcome) }
        guard case .admitted(_, let after?) = Self.reserve(ledger) else {
            Issue.record("refused")
            return
        }
        #expect(after.remaining == 2)
    }

    @Test func theLongestWaitIsTheOneToTell() {
        let slow = QuotaPolicy(name: "slow", max: 1, periodNanoseconds: 60 * Self.minute, burst: 1)
        let quick = QuotaPolicy(name: "quick", max: 1, periodNanoseconds: Self.minute, burst: 1)
        for policies in [[slow, quick], [quick, slow]] {
            let ledger = QuotaLedger(consumer: "acme", policies: policies, now: Self.at(seconds: 0))
            _ = Self.reserve(ledger)
            guard case .refused(let error, let status?) = Self.reserve(ledger) else {
                Issue.record("admitted")
                return
            }
            #expect(status.policy.name == "slow")
            #expect(error.retryAfterNanoseconds == 3_600_000_000_000)
            #expect(
                error.message
                    == "consumer \"acme\" has used up its quota \"slow\" of 1 request per hour; try again in 3600s")
        }
    }

    @Test func neverAdmitsMoreUnderManyThreads() async {
        let ledger = Self.ledger(
            QuotaPolicy(name: "standard", max: 500, periodNanoseconds: Self.minute, burst: 500))
        let admitted = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    (0..<200).count { _ in
                        if case .admitted = Self.reserve(ledger) { true } else { false }
                    }
                }
            }
            return await group.reduce(0, +)
        }
        #expect(admitted == 500)
    }

    @Test func headersHoldNoNumberThatHTTPCannot() {
        let ledger = Self.ledger(QuotaPolicy(name: "x", max: .max, periodNanoseconds: Self.minute, burst: .max))
        guard case .admitted(_, let status?) = Self.reserve(ledger) else {
            Issue.record("refused")
            return
        }
        #expect(status.policyHeader == "\"x\";q=999999999999999;w=60")
        #expect(status.header == "\"x\";r=999999999999999;t=1")
    }

    @Test(
        arguments: [
            (0, "1"), (1, "1"), (999_999_999, "1"), (1_000_000_000, "1"), (1_000_000_001, "2"),
            (.max, "18446744074"),
        ] as [(UInt64, String)]) func retryAfterIsWholeSecondsRoundedUpAndAtLeastOne(nanoseconds: UInt64, text: String)
    {
        #expect(RateLimitStatus.retryAfterHeader(nanoseconds: nanoseconds) == text)
    }

    @Test(
        arguments: [
            ("a\"b\\c", 1_000_000_000, "\"a\\\"b\\\\c\";q=5;w=1"),
            ("grün\n", 500_000_000, "\"gr?n?\";q=5;w=1"),
            ("x", 1_500_000_000, "\"x\";q=5;w=2"),
            ("x", 0, "\"x\";q=5;w=1"),
        ] as [(String, UInt64, String)]) func policyTextIsAStructuredField(name: String, period: UInt64, header: String)
    {
        let ledger = Self.ledger(QuotaPolicy(name: name, max: 5, periodNanoseconds: period, burst: 5))
        guard case .admitted(_, let status?) = Self.reserve(ledger) else {
            Issue.record("refused")
            return
        }
        #expect(status.policyHeader == header)
    }
}
