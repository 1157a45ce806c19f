package import Tensors

/// Decides when the next request goes out: a state machine that is told the time and touches nothing.
///
/// In a closed loop each connection sends as soon as its last answer is there. In an open loop requests are due at times
/// that were fixed beforehand, and a late one keeps the time at which it was due: what the server's slowness kept from
/// being sent counts as latency, so a stall isn't hidden by the requests that it held back ("coordinated omission"). What
/// was due before the end still goes out for ``graceNanoseconds`` after it, or whatever the last moment happened to hold up
/// would be missing from the figures; only what is left then counts as never sent.
package struct Pacer: Sendable {
    /// What decides when a request is due.
    package enum Load: Sendable, Equatable {
        case closed
        case open(rate: Double, spacing: Arrivals.Spacing)
    }

    /// When the run ends; warming up comes on top.
    package enum Length: Sendable, Equatable {
        case nanoseconds(UInt64)
        case requests(Int)
    }

    /// One request to send.
    package struct Ticket: Sendable, Equatable {
        /// Latency counts from here.
        package var due: MonotonicTime
        /// False while warming up.
        package var isRecorded: Bool

        package init(due: MonotonicTime, isRecorded: Bool) {
            self.due = due
            self.isRecorded = isRecorded
        }
    }

    /// What to do with a free connection.
    package enum Step: Equatable {
        case send(Ticket)
        /// Nothing is due before `until`.
        case wait(until: MonotonicTime)
        /// No more requests.
        case finished
    }

    /// How long after the end an open loop may still send what was due before it: a second.
    package static let graceNanoseconds: UInt64 = 1_000_000_000

    private var arrivals: Arrivals?
    private let warmUpEnd: MonotonicTime
    private let end: MonotonicTime
    private var remaining: Int
    private var isStopped = false

    /// - Parameter phase: see ``Arrivals``
    package init(
        _ load: Load, length: Length, warmUpNanoseconds: UInt64 = 0, start: MonotonicTime, phase: Double = 0,
        seed: UInt64 = 1
    ) {
        if case .open(let rate, let spacing) = load {
            arrivals = Arrivals(rate: rate, spacing: spacing, start: start, phase: phase, seed: seed)
        }
        warmUpEnd = start.advanced(byNanoseconds: warmUpNanoseconds)
        switch length {
        case .nanoseconds(let length):
            end = warmUpEnd.advanced(byNanoseconds: length)
            remaining = .max
        case .requests(let count):
            end = MonotonicTime(nanoseconds: .max)
            remaining = count
        }
    }

    /// Whether nothing more will be sent.
    package func isOver(at now: MonotonicTime) -> Bool {
        if isStopped || remaining == 0 { return true }
        guard now >= end else { return false }
        guard let arrivals, arrivals.next < end else { return true }
        return now.nanoseconds(since: end) >= Self.graceNanoseconds
    }

    /// What a connection that is free at `now` should do.
    package mutating func next(at now: MonotonicTime) -> Step {
        guard !isOver(at: now) else { return .finished }
        let due = arrivals?.next ?? now
        guard due < end else { return .finished }
        guard due <= now else { return .wait(until: due) }
        arrivals?.advance()
        let isRecorded = due >= warmUpEnd
        if isRecorded { remaining -= 1 }
        return .send(Ticket(due: due, isRecorded: isRecorded))
    }

    /// Ends the run; nothing more is sent.
    ///
    /// - Returns: how many requests were due by `now` and never went out because no connection was free.
    package mutating func stop(at now: MonotonicTime) -> Int {
        guard !isStopped else { return 0 }
        isStopped = true
        guard var arrivals else { return 0 }
        var unsent = 0
        while arrivals.next < end, arrivals.next <= now, unsent < remaining {
            if arrivals.next >= warmUpEnd { unsent += 1 }
            arrivals.advance()
        }
        return unsent
    }
}
