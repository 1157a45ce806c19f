package import Histogram
package import Tensors

/// What one worker, or all of them, have seen.
package struct LoadTally: Sendable {
    /// Nanoseconds from when a request was due to the end of its answer, of answers with a status of 200 to 299.
    package private(set) var latencies = Histogram<UInt64>(
        highestTrackableValue: 3_600_000_000_000, numberOfSignificantValueDigits: .three)
    /// Whole answers, by status.
    package private(set) var statuses: [Int: Int] = [:]
    /// Requests without a whole answer, by what became of them.
    package private(set) var losses: [String: Int] = [:]
    package private(set) var bytesReceived = 0
    package private(set) var bytesSent = 0
    /// Requests that were due and never went out.
    package var unsent = 0
    /// When the last recorded answer was there.
    package private(set) var last: MonotonicTime?

    package init() {}

    /// Counts a whole answer.
    package mutating func answer(
        _ ticket: Pacer.Ticket, status: Int, received: Int, sent: Int, at now: MonotonicTime
    ) {
        guard ticket.isRecorded else { return }
        statuses[status, default: 0] += 1
        bytesReceived += received
        bytesSent += sent
        last = max(last ?? now, now)
        if (200...299).contains(status) {
            latencies.record(min(now.nanoseconds(since: ticket.due), 3_600_000_000_000))
        }
    }

    /// Counts a request, or an attempt to connect, that came to nothing.
    package mutating func fail(_ reason: String) {
        losses[reason, default: 0] += 1
    }

    /// Adds what another worker saw.
    package mutating func add(_ other: LoadTally) {
        latencies.add(other.latencies)
        statuses.merge(other.statuses, uniquingKeysWith: +)
        losses.merge(other.losses, uniquingKeysWith: +)
        bytesReceived += other.bytesReceived
        bytesSent += other.bytesSent
        unsent += other.unsent
        if let theirs = other.last { last = max(last ?? theirs, theirs) }
    }

    /// Answers with a status of 200 to 299.
    package var answered: Int { Int(latencies.totalCount) }

    /// Everything else.
    package var failed: Int {
        losses.values.reduce(0, +) + statuses.reduce(0) { (200...299).contains($1.key) ? $0 : $0 + $1.value }
    }
}
