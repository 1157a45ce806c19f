/// Whether whoever calls a quick model waits for its answer on the spot, and how.
///
/// A quick model in this process is run on the caller's own thread; in a process of its own its answer comes within
/// microseconds, and to wait for it right there spares two wakings: that of the thread that reads answers, and that of
/// the caller's event loop by it. A caller that has one call only looks at first instead of sleeping, which spares its own
/// waking too; with several there is one waking for all of them, and a processor to be spared for the runner. One
/// caller waits at a time, never for longer than `longest`, and less and less often where the answers of late came later
/// than that; likewise it looks.
struct CallerPatience: Sendable {
    /// Nanoseconds for which an event loop may be held up.
    static let longest: UInt64 = 100_000
    /// Nanoseconds of them that it looks at most.
    static let longestLook: UInt64 = 25_000
    /// So many calls in a row without another one beside them are a quiet time.
    private static let quietCalls = 4

    enum Way: Equatable, Sendable {
        case sleep
        case look
    }

    private var isWaiting = false
    private var waiting = Hope()
    private var looking = Hope()
    /// Calls in a row that were alone.
    private var alone = quietCalls

    /// Whether the last calls were alone.
    var isQuiet: Bool { alone >= Self.quietCalls }

    /// Whether whoever calls now is going to look for the answer, so that the runner had better be awake by then: also
    /// where looking has failed before and is only tried again, as it would hardly succeed with a runner that sleeps.
    var isLikelyToLook: Bool { !isWaiting && isQuiet && waiting.isDue && looking.isDue }

    /// How a caller may wait now, if it may; `end` must follow then.
    ///
    /// - Parameter calls: how many the runner has, the caller's own included.
    mutating func begin(calls: Int = 1) -> Way? {
        alone = calls > 1 ? 0 : min(alone + 1, Self.quietCalls)
        guard !isWaiting, waiting.permits() else { return nil }
        isWaiting = true
        return isQuiet && looking.permits() ? .look : .sleep
    }

    /// - Parameter hasSlept: whether the answer wasn't there yet when it had looked.
    mutating func end(_ way: Way, wasAnswered: Bool, hasSlept: Bool) {
        isWaiting = false
        waiting.learn(fulfilled: wasAnswered)
        if way == .look { looking.learn(fulfilled: wasAnswered && !hasSlept) }
    }
}

/// Whether it is worth trying what has failed before: tried again ever more seldom until it succeeds.
private struct Hope: Sendable {
    private static let mostCalls = 1024

    /// Times to go without.
    private var skipped = 0
    private var nextSkipped = 1

    /// Whether the next time is one to try.
    var isDue: Bool { skipped == 0 }

    mutating func permits() -> Bool {
        guard skipped > 0 else { return true }
        skipped -= 1
        return false
    }

    mutating func learn(fulfilled: Bool) {
        if fulfilled {
            nextSkipped = 1
        } else {
            skipped = nextSkipped
            nextSkipped = min(Self.mostCalls, nextSkipped * 2)
        }
    }
}
