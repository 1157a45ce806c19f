/// Whether whoever calls a quick model waits for its answer on the spot.
///
/// A quick model in this process is run on the caller's own thread; in a process of its own its answer comes within
/// microseconds, and to sleep for it right there spares two wakings: that of the thread that reads answers, and that of
/// the caller's event loop by it. One caller waits at a time, never for longer than `longest`, and less and less often
/// where the answers of late came later than that.
struct CallerPatience: Sendable {
    /// Nanoseconds for which an event loop may be held up.
    static let longest: UInt64 = 100_000
    private static let mostCalls = 1024

    private var isWaiting = false
    /// Calls that go without waiting.
    private var skipped = 0
    private var nextSkipped = 1

    /// Whether a caller may wait now; if so, `end` must follow.
    mutating func begin() -> Bool {
        guard !isWaiting else { return false }
        guard skipped == 0 else {
            skipped -= 1
            return false
        }
        isWaiting = true
        return true
    }

    mutating func end(wasAnswered: Bool) {
        isWaiting = false
        if wasAnswered {
            nextSkipped = 1
        } else {
            skipped = nextSkipped
            nextSkipped = min(Self.mostCalls, nextSkipped * 2)
        }
    }
}
