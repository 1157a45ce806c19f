import Tensors
import Testing

@testable import Transport

@Suite struct ConnectionClockTests {
    private func at(_ seconds: UInt64) -> MonotonicTime { MonotonicTime(nanoseconds: seconds * 1_000_000_000) }

    private func clock() -> ConnectionClock {
        ConnectionClock(
            limits: ConnectionClock.Limits(header: 10_000_000_000, body: 30_000_000_000, idle: 75_000_000_000),
            now: at(100))
    }

    @Test func idleConnectionIsClosedAfterItsTime() {
        let clock = clock()
        #expect(clock.overdue(now: at(174)) == nil)
        #expect(clock.overdue(now: at(175)) == .idle)
    }

    @Test func drippingHeaderDoesNotBuyTime() {
        var clock = clock()
        clock.receivedPartOfHead(now: at(110))
        clock.receivedPartOfHead(now: at(119))
        #expect(clock.overdue(now: at(119)) == nil)
        #expect(clock.overdue(now: at(120)) == .header)
    }

    @Test func bodyMayTakeLongAsLongAsItComes() {
        var clock = clock()
        clock.enter(.body, now: at(110))
        for second in stride(from: 120, through: 600, by: 20) {
            #expect(clock.overdue(now: at(UInt64(second))) == nil)
            clock.enter(.body, now: at(UInt64(second)))
        }
        #expect(clock.overdue(now: at(630)) == .body)
    }

    @Test func workingIsNeverTheClientsFault() {
        var clock = clock()
        clock.enter(.working, now: at(110))
        #expect(clock.overdue(now: at(100_000)) == nil)
    }

    @Test func clientThatTakesNothingIsOverdue() {
        var clock = clock()
        clock.enter(.writing, now: at(110))
        #expect(clock.overdue(now: at(139)) == nil)
        #expect(clock.overdue(now: at(140)) == .writing)
    }

    @Test func partsOfAHeadCountOnlyBetweenRequests() {
        var clock = clock()
        clock.enter(.working, now: at(110))
        clock.receivedPartOfHead(now: at(111))
        #expect(clock.phase == .working)
    }

    @Test func theTimerLooksOftenEnough() {
        #expect(clock().checkInterval == 2_500_000_000)
        let quick = ConnectionClock(limits: .init(header: 1, body: 1, idle: 1), now: at(0))
        #expect(quick.checkInterval == 20_000_000)
    }
}
