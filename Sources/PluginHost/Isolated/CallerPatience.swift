internal import SharedMemory

/// Whether whoever calls a quick model waits for its answer on the spot, and how.
///
/// A quick model in this process is run on the caller's own thread; in a process of its own its answer comes within
/// microseconds, and to wait for it right there spares two wakings: that of the thread that reads answers, and that of
/// the caller's event loop by it. A caller with one call has nothing else to do: it and the runner take turns on one
/// processor, which is quicker than to wake another one. Where calls come together there is one waking for all of them,
/// and the runner works wherever it can. One caller waits at a time, never for longer than `longest`, and less and less
/// often where the answers of late came later than that.
struct CallerPatience: Sendable {
    /// Nanoseconds for which an event loop may be held up.
    static let longest: UInt64 = 100_000
    /// So many calls in a row without another one beside them are a quiet time.
    private static let quietCalls = 4

    enum Way: Equatable, Sendable {
        case sleep
        /// The reader is on the caller's own processor, which is the reader's as soon as the caller sleeps.
        case takeTurns(LocalReader)
    }

    private var isWaiting = false
    private var waiting = Hope()
    /// Calls in a row that were alone.
    private var alone = quietCalls

    /// Whether the last calls were alone.
    var isQuiet: Bool { alone >= Self.quietCalls }

    /// How a caller may wait now, if it may; `end` must follow then.
    ///
    /// - Parameters:
    ///   - calls: how many the runner has, the caller's own included.
    ///   - reader: that of the runner's which keeps to the caller's own processor; looked for in quiet times only.
    mutating func begin(calls: Int = 1, reader: () -> LocalReader?) -> Way? {
        alone = calls > 1 ? 0 : min(alone + 1, Self.quietCalls)
        guard !isWaiting, waiting.permits() else { return nil }
        isWaiting = true
        return isQuiet ? reader().map(Way.takeTurns) ?? .sleep : .sleep
    }

    mutating func end(wasAnswered: Bool) {
        isWaiting = false
        waiting.learn(fulfilled: wasAnswered)
    }
}

/// Whether it is worth trying what has failed before: tried again ever more seldom until it succeeds.
private struct Hope: Sendable {
    private static let mostCalls = 1024

    /// Times to go without.
    private var skipped = 0
    private var nextSkipped = 1

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
