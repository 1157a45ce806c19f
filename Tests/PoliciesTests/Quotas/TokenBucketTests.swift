import Policies
import Tensors
import Testing

@Suite struct TokenBucketTests {
    private static let second: UInt64 = 1_000_000_000

    private func moment(_ nanoseconds: UInt64) -> MonotonicTime { MonotonicTime(nanoseconds: nanoseconds) }

    @Test func startsFullAndRefusesWhatIsAboveTheBurst() {
        var bucket = RatedBucket(max: 1, periodNanoseconds: Self.second, burst: 3, now: moment(0))
        let decisions = (0..<4).map { _ in bucket.take(now: moment(0)) }
        #expect(decisions.map(\.admitted) == [true, true, true, false])
        #expect(decisions.map(\.remaining) == [2, 1, 0, 0])
        #expect(decisions.map(\.nanosecondsUntilFull) == [1_000_000_000, 2_000_000_000, 3_000_000_000, 3_000_000_000])
        #expect(decisions.map(\.nanosecondsUntilAvailable) == [0, 0, 0, 1_000_000_000])
    }

    @Test func admitsExactlyWhenItSaidItWould() {
        var bucket = RatedBucket(max: 7, periodNanoseconds: 60 * Self.second, burst: 1, now: moment(0))
        #expect(bucket.take(now: moment(0)).admitted)
        let wait = bucket.take(now: moment(0)).nanosecondsUntilAvailable
        // 60 s / 7, rounded up.
        #expect(wait == 8_571_428_572)
        #expect(!bucket.take(now: moment(wait - 1)).admitted)
        #expect(bucket.take(now: moment(wait)).admitted)
    }

    @Test func sevenPerMinuteIsSevenPerMinuteForAYear() {
        var bucket = RatedBucket(max: 7, periodNanoseconds: 60 * Self.second, burst: 7, now: moment(0))
        #expect(bucket.take(7, now: moment(0)).admitted)
        var now: UInt64 = 0
        for _ in 0..<100_000 {
            now += bucket.nanosecondsUntilAvailable(now: moment(now))
            #expect(bucket.take(now: moment(now)).admitted)
        }
        // Waits are rounded up, but what is earned meanwhile isn't lost: no drift.
        #expect(now == (100_000 * 60_000_000_000 + 6) / 7)
    }

    @Test func timeThatGoesBackEarnsNothingAndLosesNothing() {
        var bucket = RatedBucket(max: 1, periodNanoseconds: 10, burst: 1, now: moment(100))
        #expect(bucket.take(now: moment(100)).admitted)
        #expect(!bucket.take(now: moment(50)).admitted)
        #expect(!bucket.take(now: moment(109)).admitted)
        #expect(bucket.take(now: moment(110)).admitted)
    }

    @Test func aRefundGivesBackWhatWasTakenButNotMore() {
        var bucket = RatedBucket(max: 1, periodNanoseconds: Self.second, burst: 2, now: moment(0))
        #expect(bucket.take(2, now: moment(0)).admitted)
        bucket.refund(now: moment(0))
        #expect(bucket.take(now: moment(0)).admitted)
        bucket.refund(50, now: moment(0))
        #expect(bucket.take(2, now: moment(0)).admitted)
        #expect(!bucket.take(now: moment(0)).admitted)
    }

    @Test func whatIsAboveTheBurstIsNeverAvailable() {
        var bucket = RatedBucket(max: 100, periodNanoseconds: Self.second, burst: 2, now: moment(0))
        let decision = bucket.take(3, now: moment(.max))
        #expect(!decision.admitted)
        #expect(decision.nanosecondsUntilAvailable == .max)
        #expect(decision.remaining == 2)
        #expect(!bucket.take(.max, now: moment(.max)).admitted)
    }

    @Test(
        arguments: [
            (1_000_000_000, 1_000_000_000, 1_000_000_000),
            (.max, .max, .max),
            (.max, 1, .max),
            (1, .max, .max),
            (86_400_000_000_000, 86_400_000_000_000, 86_400_000_000_000),
            (0, 0, 0),
            (-5, 5, -5),
        ] as [(Int, UInt64, Int)]) func noNumbersOverflow(max: Int, period: UInt64, burst: Int)
    {
        var bucket = RatedBucket(max: max, periodNanoseconds: period, burst: burst, now: moment(0))
        #expect(bucket.take(now: moment(0)).admitted)
        #expect(bucket.take(now: moment(.max)).admitted)
        bucket.refund(.max, now: moment(.max))
        #expect(bucket.take(now: moment(.max)).admitted)
    }

    /// A bucket in exact fractions, as the definition has it: credit in requests = numerator / period.
    private struct Reference {
        let max: Int
        let period: Int
        let burst: Int
        var credit: Int
        var updated = 0

        init(max: Int, period: Int, burst: Int) {
            (self.max, self.period, self.burst) = (max, period, burst)
            credit = burst * period
        }

        mutating func take(_ cost: Int, now: Int) -> Bool {
            credit = min(burst * period, credit + (now - updated) * max)
            updated = now
            guard credit >= cost * period else { return false }
            credit -= cost * period
            return true
        }
    }

    @Test(arguments: 0..<60) func agreesWithExactFractionsOnRandomSchedules(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let max = Int.random(in: 1...50, using: &generator)
        let period = Int.random(in: 1...1_000, using: &generator)
        let burst = Int.random(in: 1...20, using: &generator)
        var bucket = RatedBucket(max: max, periodNanoseconds: UInt64(period), burst: burst, now: moment(0))
        var reference = Reference(max: max, period: period, burst: burst)
        var now = 0
        var admissions: [(time: Int, cost: Int)] = []
        for _ in 0..<500 {
            now += Int.random(in: 0...(2 * period / max + 1), using: &generator)
            let cost = Int.random(in: 1...3, using: &generator)
            let decision = bucket.take(UInt64(cost), now: moment(UInt64(now)))
            #expect(decision.admitted == reference.take(cost, now: now))
            #expect(decision.remaining == UInt64(reference.credit / period))
            if decision.admitted { admissions.append((now, cost)) }
        }
        #expect(!admissions.isEmpty)
        // However the schedule falls: no window holds more than a burst and what its length earns.
        for start in admissions.indices {
            var admitted = 0
            for end in admissions[start...] {
                admitted += end.cost
                #expect((admitted - burst) * period <= (end.time - admissions[start].time) * max)
            }
        }
    }
}
