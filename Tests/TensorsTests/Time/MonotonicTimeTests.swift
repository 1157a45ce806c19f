import Tensors
import Testing

@Suite struct MonotonicTimeTests {
    @Test(
        arguments: [(0, 0, 0), (5, 7, 12), (.max, 0, .max), (.max, 1, .max), (1, .max, .max)]
            as [(UInt64, UInt64, UInt64)])
    func advancesToTheEndOfTimeAtMost(start: UInt64, by: UInt64, end: UInt64) {
        #expect(MonotonicTime(nanoseconds: start).advanced(byNanoseconds: by).nanoseconds == end)
    }

    @Test(arguments: [(7, 5, 2), (5, 5, 0), (5, 7, 0), (.max, 0, .max)] as [(UInt64, UInt64, UInt64)])
    func elapsedTimeIsNeverNegative(later: UInt64, earlier: UInt64, elapsed: UInt64) {
        #expect(MonotonicTime(nanoseconds: later).nanoseconds(since: .init(nanoseconds: earlier)) == elapsed)
    }

    @Test func ordersMoments() {
        #expect(MonotonicTime(nanoseconds: 1) < MonotonicTime(nanoseconds: 2))
        #expect(!(MonotonicTime(nanoseconds: 2) < MonotonicTime(nanoseconds: 2)))
    }

    @Test func nowNeverGoesBack() {
        let first = MonotonicTime.now
        let second = MonotonicTime.now
        #expect(first.nanoseconds > 0)
        #expect(first <= second)
    }
}
