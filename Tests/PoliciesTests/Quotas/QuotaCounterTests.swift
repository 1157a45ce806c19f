import Configuration
import Tensors
import Testing

@testable import Policies

@Suite struct QuotaCounterTests {
    private static let second: UInt64 = 1_000_000_000
    /// 2026-11-26 04:00:00 UTC.
    private static let start: UInt64 = 1_795_665_600 * second

    private func moment(_ nanoseconds: UInt64) -> QuotaMoment {
        QuotaMoment(monotonic: MonotonicTime(nanoseconds: nanoseconds), wall: Self.start + nanoseconds)
    }

    private func rolling(max: Int, period: UInt64, burst: Int) -> QuotaPolicy {
        QuotaPolicy(name: "x", max: max, periodNanoseconds: period, burst: burst)
    }

    private func calendar(_ unit: LimitConfiguration.Quota.CalendarUnit, zone: String, max: Int) -> QuotaPolicy {
        QuotaPolicy(name: "x", max: max, window: .calendar(CalendarPeriod(unit, zone: zone)))
    }

    @Test func aDayEndsAtMidnightOfItsZone() {
        var counter = QuotaCounter(calendar(.day, zone: "UTC", max: 10), now: moment(0))
        counter.charge(10, now: moment(0))
        // Twenty hours to midnight.
        #expect(counter.wait(for: 1, now: moment(0)) == 72_000 * Self.second)
        #expect(counter.wait(for: 1, now: moment(72_000 * Self.second - 1)) == 1)
        #expect(counter.wait(for: 10, now: moment(72_000 * Self.second)) == 0)

        // Midnight in Kiritimati (UTC+14) was at 10:00 UTC: six hours on.
        var east = QuotaCounter(calendar(.day, zone: "Pacific/Kiritimati", max: 1), now: moment(0))
        east.charge(1, now: moment(0))
        #expect(east.wait(for: 1, now: moment(0)) == 21_600 * Self.second)
    }

    @Test func aMonthEndsWithItsLastDay() {
        var counter = QuotaCounter(calendar(.month, zone: "UTC", max: 5), now: moment(0))
        counter.charge(5, now: moment(0))
        // 26 November 04:00 to 1 December 00:00.
        #expect(counter.wait(for: 1, now: moment(0)) == (4 * 86_400 + 72_000) * Self.second)
    }

    @Test func aDayWithAChangeOfTheClockHasItsOwnLength() {
        // 25 October 2026, 00:00 in Berlin: 24 October 22:00 UTC; the day has 25 hours.
        let period = CalendarPeriod(.day, zone: "Europe/Berlin")
        let window = period.window(at: 1_792_882_800 * Self.second)
        #expect(window.upperBound - window.lowerBound == 25 * 3_600 * Self.second)
    }

    @Test func aWindowThatHasEndedTakesNothingBack() {
        var counter = QuotaCounter(calendar(.day, zone: "UTC", max: 10), now: moment(0))
        counter.charge(4, now: moment(0))
        let tomorrow = moment(80_000 * Self.second)
        counter.charge(7, now: tomorrow)
        counter.giveBack(4, from: moment(0), now: tomorrow)
        #expect(counter.remaining(now: tomorrow) == 3)
        counter.giveBack(2, from: tomorrow, now: tomorrow)
        #expect(counter.remaining(now: tomorrow) == 5)
    }

    @Test func whatIsAtTheSameTimeComesBackWhenItEnds() {
        var counter = QuotaCounter(QuotaPolicy(name: "x", count: .concurrent, max: 2, window: .now), now: moment(0))
        counter.charge(1, now: moment(0))
        counter.charge(1, now: moment(0))
        #expect(counter.wait(for: 1, now: moment(0)) == Self.second)
        counter.giveBack(1, from: moment(0), now: moment(5))
        #expect(counter.wait(for: 1, now: moment(5)) == 0)
        #expect(counter.wait(for: 3, now: moment(5)) == .max)
    }

    @Test func whatIsUsedBeyondTheQuotaIsPaidFirst() {
        var counter = QuotaCounter(rolling(max: 10, period: 10 * Self.second, burst: 10), now: moment(0))
        counter.charge(25, now: moment(0))
        // 15 of debt and 1 more: a second each.
        #expect(counter.wait(for: 1, now: moment(0)) == 16 * Self.second)
        #expect(counter.remaining(now: moment(15 * Self.second)) == 0)
        #expect(counter.remaining(now: moment(17 * Self.second)) == 2)
        counter.giveBack(4, from: moment(0), now: moment(17 * Self.second))
        #expect(counter.remaining(now: moment(17 * Self.second)) == 6)
    }

    @Test func aRollingCountOutlivesItsProcessWithWhatItEarnedMeanwhile() throws {
        let policy = rolling(max: 60, period: 60 * Self.second, burst: 30)
        var counter = QuotaCounter(policy, now: moment(0))
        #expect(counter.saved(now: moment(0)) == nil)
        counter.charge(30, now: moment(0))
        let saved = try #require(counter.saved(now: moment(0)))
        #expect(saved.until == Self.start + 30 * Self.second)
        // Another process, whose monotonic clock stands elsewhere, twelve seconds later.
        let later = QuotaMoment(monotonic: MonotonicTime(nanoseconds: 7), wall: Self.start + 12 * Self.second)
        var restored = QuotaCounter(policy, saved: saved, now: later)
        #expect(restored.remaining(now: later) == 12)
        // All earned back: as if nothing had been.
        let end = QuotaMoment(monotonic: later.monotonic, wall: Self.start + 30 * Self.second)
        var full = QuotaCounter(policy, saved: saved, now: end)
        #expect(full.remaining(now: end) == 30)
    }

    @Test func aDebtOutlivesItsProcess() throws {
        let policy = rolling(max: 1, period: Self.second, burst: 5)
        var counter = QuotaCounter(policy, now: moment(0))
        counter.charge(9, now: moment(0))
        let saved = try #require(counter.saved(now: moment(0)))
        var restored = QuotaCounter(policy, saved: saved, now: moment(0))
        #expect(restored.wait(for: 1, now: moment(0)) == 5 * Self.second)
    }

    @Test func aCalendarCountIsWorthNothingInAnotherWindow() throws {
        let policy = calendar(.day, zone: "UTC", max: 10)
        var counter = QuotaCounter(policy, now: moment(0))
        counter.charge(8, now: moment(0))
        let saved = try #require(counter.saved(now: moment(0)))
        var restored = QuotaCounter(policy, saved: saved, now: moment(Self.second))
        #expect(restored.remaining(now: moment(Self.second)) == 2)
        let tomorrow = moment(80_000 * Self.second)
        var next = QuotaCounter(policy, saved: saved, now: tomorrow)
        #expect(next.remaining(now: tomorrow) == 10)
    }

    @Test func warnsOnceInEachWindow() {
        let policy = rolling(max: 10, period: 10 * Self.second, burst: 10)
        var counter = QuotaCounter(policy, now: moment(0))
        func warns(_ remaining: UInt64, _ seconds: UInt64) -> Bool {
            counter.warns(remaining: remaining, now: moment(seconds * Self.second))
        }
        #expect(!warns(3, 1))
        #expect(warns(2, 1))
        #expect(!warns(0, 2))
        #expect(!warns(1, 10))
        #expect(warns(1, 11))
    }

    /// What the definitions say, in whole numbers without any cleverness.
    private struct Reference {
        /// Units that come back in a tick, and ticks that a unit takes: one of them is 1.
        let period: Int
        let max: Int
        let burst: Int
        /// In parts: a unit has `period` of them, and each nanosecond earns `max`.
        var level: Int
        var updated = 0

        init(period: Int, max: Int, burst: Int) {
            (self.period, self.max, self.burst) = (period, max, burst)
            level = burst * period
        }

        mutating func earn(_ now: Int) {
            level = min(burst * period, level + (now - updated) * max)
            updated = now
        }
        mutating func admits(_ amount: Int, _ now: Int) -> Bool {
            earn(now)
            return level >= amount * period
        }
        mutating func add(_ amount: Int, _ now: Int) {
            earn(now)
            level = min(burst * period, level + amount * period)
        }
    }

    @Test(arguments: 0..<60) func agreesWithTheDefinitionOnRandomHistories(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let max = Int.random(in: 1...50, using: &generator)
        let period = Int.random(in: 1...1_000, using: &generator)
        let burst = Int.random(in: 1...20, using: &generator)
        let policy = rolling(max: max, period: UInt64(period), burst: burst)
        var counter = QuotaCounter(policy, now: moment(0))
        var reference = Reference(period: period, max: max, burst: burst)
        var now = 0
        for _ in 0..<400 {
            now += Int.random(in: 0...(2 * period / max + 1), using: &generator)
            let amount = Int.random(in: 0...4, using: &generator)
            let present = moment(UInt64(now))
            switch Int.random(in: 0...9, using: &generator) {
            case 0...5:
                let wait = counter.wait(for: UInt64(amount), now: present)
                #expect((wait == 0) == (amount == 0 || reference.admits(amount, now)))
                if wait == 0 {
                    counter.charge(UInt64(amount), now: present)
                    reference.add(-amount, now)
                } else if wait < .max {
                    // It is there exactly when it was said to be, and not a nanosecond before.
                    var copy = counter
                    #expect(copy.wait(for: UInt64(amount), now: moment(UInt64(now) + wait - 1)) > 0)
                    #expect(copy.wait(for: UInt64(amount), now: moment(UInt64(now) + wait)) == 0)
                }
            case 6...7:
                counter.charge(UInt64(amount), now: present)
                reference.add(-amount, now)
            case 8:
                counter.giveBack(UInt64(amount), from: present, now: present)
                reference.add(amount, now)
            default:
                // Another process goes on: never with more than there was, and with less than a nanosecond's worth less.
                reference.earn(now)
                guard let saved = counter.saved(now: present) else {
                    #expect(reference.level == burst * period)
                    continue
                }
                let restored = QuotaCounter(policy, saved: saved, now: present)
                let exact = (burst * period - reference.level + max - 1) / max
                #expect(restored.nanosecondsUntilFull(now: present) == UInt64(exact))
            }
            reference.earn(now)
            #expect(counter.remaining(now: present) == UInt64(Swift.max(0, reference.level) / period))
        }
    }
}
