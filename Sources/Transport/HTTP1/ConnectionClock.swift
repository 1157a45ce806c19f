internal import Tensors

/// Which silence of a client is too long, in each phase of a connection.
///
/// A plain state machine: told of events and the time, it says when the connection is overdue. One timer per connection
/// looks at it now and then, so that nothing is armed or disarmed per request.
struct ConnectionClock: Equatable {
    struct Limits: Equatable, Sendable {
        /// Nanoseconds from a request's first byte to the end of its headers.
        var header: UInt64
        /// Nanoseconds of silence inside a body, or in which a client takes nothing of its answer.
        var body: UInt64
        /// Nanoseconds between requests.
        var idle: UInt64
    }

    enum Phase: Equatable {
        case idle
        case header
        case body
        /// The gate is at work; the client isn't to blame for the silence.
        case working
        case writing
    }

    /// What is overdue.
    enum Overdue: Equatable {
        /// Nothing was begun: close without a word.
        case idle
        /// Answer 408, then close.
        case header
        case body
        /// The client doesn't take its answer: close.
        case writing
    }

    /// Those of the last request; a reload may change them.
    var limits: Limits
    private(set) var phase = Phase.idle
    private var since: MonotonicTime

    init(limits: Limits, now: MonotonicTime) {
        self.limits = limits
        self.since = now
    }

    /// The connection enters a phase, or makes progress in it.
    mutating func enter(_ phase: Phase, now: MonotonicTime) {
        self.phase = phase
        since = now
    }

    /// Bytes came that don't make up a whole head yet. Further bytes don't extend the time.
    mutating func receivedPartOfHead(now: MonotonicTime) {
        if phase == .idle { enter(.header, now: now) }
    }

    /// What is overdue at this moment.
    func overdue(now: MonotonicTime) -> Overdue? {
        let silence = now.nanoseconds(since: since)
        return switch phase {
        case .idle: silence >= limits.idle ? .idle : nil
        case .header: silence >= limits.header ? .header : nil
        case .body: silence >= limits.body ? .body : nil
        case .writing: silence >= limits.body ? .writing : nil
        case .working: nil
        }
    }

    /// How often to look: a quarter of the shortest limit, within reason.
    var checkInterval: UInt64 {
        max(20_000_000, min(limits.header, limits.body, limits.idle) / 4)
    }
}
