/// Reloads that are asked for while one is under way are one more reload after it, however many ask.
///
/// A plain state machine: who asked gets the outcome of a reload that began after the asking.
struct ReloadQueue<Waiter> {
    private var waiting: [Waiter] = []
    private(set) var isRunning = false

    /// Somebody asks; whether a run must be started.
    mutating func ask(_ waiter: Waiter) -> Bool {
        waiting.append(waiter)
        defer { isRunning = true }
        return !isRunning
    }

    /// The run begins: those who get its outcome.
    mutating func begin() -> [Waiter] {
        defer { waiting = [] }
        return waiting
    }

    /// The run is over; whether another one must be started.
    mutating func end() -> Bool {
        isRunning = !waiting.isEmpty
        return isRunning
    }
}

extension ReloadQueue: Sendable where Waiter: Sendable {}
