@testable import Scheduling
import Testing

@Suite struct ConcurrencyLimitTests {
    /// Runs rounds of as many calls as are allowed into a model that does `capacity` at a time, and tells where the limit
    /// settles: its least and most over the last rounds.
    private func settle(
        _ limit: inout ConcurrencyLimit, capacity: Int, rounds: Int = 400, base: UInt64 = 1_000_000
    ) -> ClosedRange<Int> {
        var (least, most) = (Int.max, 0)
        for round in 0..<rounds {
            let calls = limit.current
            for _ in 0..<calls {
                let rows = 1 + round % 8
                // Calls that have to share take longer; larger ones too.
                let time = base * UInt64(rows) * UInt64(max(capacity, calls)) / UInt64(capacity)
                limit.ended(after: time, rows: rows, inFlight: calls)
            }
            if round >= rounds / 2 { (least, most) = (min(least, limit.current), max(most, limit.current)) }
        }
        return least...most
    }

    @Test(arguments: [1, 2, 4, 8]) func findsWhatTheModelBears(capacity: Int) {
        var limit = ConcurrencyLimit(maximum: 64)
        let settled = settle(&limit, capacity: capacity)
        #expect(settled.lowerBound >= max(1, capacity / 2), "\(settled)")
        #expect(settled.upperBound <= capacity * 3, "\(settled)")
    }

    @Test func followsAModelThatChanges() {
        var limit = ConcurrencyLimit(maximum: 64)
        _ = settle(&limit, capacity: 16)
        #expect(settle(&limit, capacity: 2).upperBound <= 6)
        #expect(settle(&limit, capacity: 16, rounds: 2_000).upperBound >= 12)
    }

    @Test func staysWithinItsBounds() {
        var limit = ConcurrencyLimit(maximum: 4)
        #expect(settle(&limit, capacity: 100).upperBound == 4)
        for _ in 0..<1_000 { limit.ended(after: .max / 4, rows: 1, inFlight: limit.current) }
        #expect((1...4).contains(limit.current))
        for time in [0, 1, UInt64.max] { limit.ended(after: time, rows: 0, inFlight: 0) }
        #expect((1...4).contains(limit.current))
    }
}
