@testable import Scheduling
import Tensors
import Testing

@Suite struct DrainRateTests {
    private func at(_ milliseconds: UInt64) -> MonotonicTime {
        MonotonicTime(nanoseconds: milliseconds * 1_000_000)
    }

    @Test func isReckonedOverTheLastSecond() {
        var rate = DrainRate()
        for millisecond in stride(from: 0, to: 5_000, by: 20) { rate.left(1, now: at(UInt64(millisecond))) }
        // Fifty a second.
        #expect((1_900_000_000...2_200_000_000).contains(rate.wait(for: 100, now: at(5_000))))
        #expect(rate.wait(for: 1, now: at(5_000)) == 1_000_000_000, "never less than a second")
    }

    @Test func aStuckModelMeansALongWait() {
        var rate = DrainRate()
        #expect(rate.wait(for: 10, now: at(0)) == 1_000_000_000, "nothing is known yet")
        rate.left(5, now: at(0))
        #expect(rate.wait(for: 10, now: at(60_000)) == DrainRate.longestWait)
    }
}
