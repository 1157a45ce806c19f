internal import Tensors

/// How quickly rows have been coming in lately.
struct ArrivalRate: Sendable {
    private var last: MonotonicTime?
    private var smoothed: UInt64?

    /// Nanoseconds from one row to the next; `nil` before there were two.
    var gap: UInt64? { smoothed }

    mutating func arrived(rows: Int, now: MonotonicTime) {
        defer { last = now }
        guard let last else { return }
        // A long silence says nothing of what comes after it.
        let gap = min(now.nanoseconds(since: last), 10_000_000_000) / UInt64(max(1, rows))
        smoothed = smoothed.map { ($0 * 7 + gap) / 8 } ?? gap
    }
}
