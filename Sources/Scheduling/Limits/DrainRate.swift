internal import Tensors

/// How quickly requests leave the queue, for telling those that don't get in when to come back.
struct DrainRate: Sendable {
    private static let window: UInt64 = 1_000_000_000
    /// The most that anybody is told to wait.
    static let longestWait: UInt64 = 60_000_000_000

    /// When the window under way began.
    private var start: MonotonicTime?
    private var current = 0
    private var previous = 0

    mutating func left(_ requests: Int, now: MonotonicTime) {
        roll(now: now)
        current += requests
    }

    /// How long it takes until `waiting` requests have left, as things go at the moment; a whole second at least.
    mutating func wait(for waiting: Int, now: MonotonicTime) -> UInt64 {
        // Before anything has left nobody knows.
        guard start != nil else { return Self.window }
        roll(now: now)
        guard let start else { return Self.window }
        let elapsed = now.nanoseconds(since: start)
        // The last second: all of this window, and what of the one before it reaches into that second.
        let share = Double(Self.window - min(elapsed, Self.window)) / Double(Self.window)
        let perSecond = Double(current) + Double(previous) * share
        guard perSecond > 0 else { return Self.longestWait }
        let nanoseconds = Double(waiting) / perSecond * 1e9
        return min(max(UInt64(min(nanoseconds, 1e18)), Self.window), Self.longestWait)
    }

    private mutating func roll(now: MonotonicTime) {
        guard let begun = start else {
            start = now
            return
        }
        let elapsed = now.nanoseconds(since: begun)
        guard elapsed >= Self.window else { return }
        previous = elapsed < 2 * Self.window ? current : 0
        current = 0
        start = elapsed < 2 * Self.window ? begun.advanced(byNanoseconds: Self.window) : now
    }
}
