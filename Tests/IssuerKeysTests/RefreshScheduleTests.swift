import Tensors
import Testing

@testable import IssuerKeys

@Suite struct RefreshScheduleTests {
    private static let second: UInt64 = 1_000_000_000
    private static func at(_ seconds: UInt64) -> MonotonicTime { MonotonicTime(nanoseconds: seconds * second) }

    @Test func aSuccessWaitsForThePeriodAndFailuresForLongerAndLonger() {
        var schedule = RefreshSchedule(period: 300 * Self.second)
        let beginnings = [schedule.begin(now: Self.at(0)), schedule.begin(now: Self.at(0))]
        #expect(beginnings == [true, false])
        func pause(_ wasGood: Bool) -> UInt64 {
            _ = schedule.begin(now: Self.at(0))
            return schedule.ended(wasGood: wasGood) / Self.second
        }
        #expect(pause(true) == 300)
        #expect((0..<9).map { _ in pause(false) } == [1, 2, 4, 8, 16, 32, 60, 60, 60])
        #expect(pause(true) == 300)
        #expect(pause(false) == 1)
        schedule = RefreshSchedule(period: 10 * Self.second)
        #expect((0..<6).map { _ in pause(false) } == [1, 2, 4, 8, 10, 10])
    }

    @Test func missingKeysAskOnceInTenSecondsHoweverManyTokensNameThem() {
        var schedule = RefreshSchedule(period: 300 * Self.second)
        _ = schedule.begin(now: Self.at(0))
        let early = schedule.missing(now: Self.at(1))
        #expect(early == .wait)
        _ = schedule.ended(wasGood: true)
        let soon = schedule.missing(now: Self.at(9))
        #expect(soon == .no)
        var reads = 0
        for second: UInt64 in 10..<100 {
            for _ in 0..<50 {
                guard schedule.missing(now: Self.at(second)) == .read else { continue }
                reads += 1
                let meanwhile = schedule.missing(now: Self.at(second))
                #expect(meanwhile == .wait)
                _ = schedule.ended(wasGood: true)
            }
        }
        #expect(reads == 9)
    }
}
