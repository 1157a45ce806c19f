package import Tensors

/// The requests of one model that wait for a free call, first come first served, and how many calls are under way.
///
/// A plain state machine: it is told the time and returns what to do; its owner keeps it under a lock.
package struct RequestQueue<Element: Sendable>: Sendable {
    /// What became of a request that came in.
    package enum Admission: Equatable {
        /// A call is free: start it now.
        case start
        /// It waits; a worker will come for it.
        case queued
        /// The queue is full.
        case full
    }

    private struct Waiting: Sendable {
        var element: Element
        var deadline: MonotonicTime?
    }

    /// Requests that may wait.
    package let capacity: Int
    /// Calls at the same time.
    package let concurrency: Int
    private var waiting: [Waiting] = []
    private var head = 0
    private var running = 0

    package init(capacity: Int, concurrency: Int) {
        precondition(capacity >= 0 && concurrency >= 1)
        self.capacity = capacity
        self.concurrency = concurrency
    }

    /// Requests that wait now.
    package var depth: Int { waiting.count - head }
    /// Calls under way now.
    package var runningCalls: Int { running }

    /// A request comes in.
    package mutating func arrive(_ element: Element, deadline: MonotonicTime?) -> Admission {
        if running < concurrency && depth == 0 {
            running += 1
            return .start
        }
        guard depth < capacity else { return .full }
        waiting.append(Waiting(element: element, deadline: deadline))
        return .queued
    }

    /// A call has ended: the next request to start, and those whose deadline passed while they waited.
    ///
    /// An expired request never reaches the plugin.
    package mutating func callEnded(now: MonotonicTime) -> (next: Element?, expired: [Element]) {
        running -= 1
        var expired: [Element] = []
        while head < waiting.count {
            let candidate = waiting[head]
            head += 1
            if let deadline = candidate.deadline, deadline <= now {
                expired.append(candidate.element)
                continue
            }
            running += 1
            compact()
            return (candidate.element, expired)
        }
        compact()
        return (nil, expired)
    }

    /// The service ends: everything that waits, to be refused.
    package mutating func removeAll() -> [Element] {
        defer {
            waiting = []
            head = 0
        }
        return waiting[head...].map(\.element)
    }

    /// Forgets what lies before `head`, seldom enough to cost nothing.
    private mutating func compact() {
        if head == waiting.count {
            waiting.removeAll(keepingCapacity: true)
            head = 0
        } else if head >= 64 && head * 2 >= waiting.count {
            waiting.removeFirst(head)
            head = 0
        }
    }
}
