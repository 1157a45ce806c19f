@testable import Gateway
import Tensors
import Testing

@Suite struct SettlingTests {
    private let start = MonotonicTime(nanoseconds: 5_000_000_000)
    private func after(_ milliseconds: UInt64) -> MonotonicTime {
        start.advanced(byNanoseconds: milliseconds * 1_000_000)
    }

    @Test func nothingIsDueWhileNothingHappens() {
        var settling = Settling(rest: 250_000_000)
        #expect(settling.due == nil)
        let isSettled = settling.isSettled(now: after(100_000))
        #expect(!isSettled)
    }

    @Test func stirsThatFollowEachOtherAreOneReading() {
        var settling = Settling(rest: 250_000_000)
        var readings = 0
        for time in stride(from: UInt64(0), through: 900, by: 100) {
            settling.stirred(now: after(time))
            if settling.isSettled(now: after(time)) { readings += 1 }
        }
        #expect(readings == 0)
        #expect(settling.due == after(1150))
        let early = settling.isSettled(now: after(1149))
        let inTime = settling.isSettled(now: after(1150))
        let again = settling.isSettled(now: after(1151))
        #expect(!early && inTime && !again)
        #expect(settling.due == nil)
    }

    @Test func fileThatNeverRestsIsReadNowAndThen() {
        var settling = Settling(rest: 250_000_000)
        var readings: [UInt64] = []
        for time in stride(from: UInt64(0), through: 20_000, by: 100) {
            settling.stirred(now: after(time))
            if settling.isSettled(now: after(time)) { readings.append(time) }
        }
        #expect(readings == [5000, 10_100, 15_200])
    }
}
