package import Tensors

/// Requests that go into the model in one call.
package struct Batch: Sendable {
    /// One of them.
    package struct Member: Sendable {
        package var ticket: Ticket
        package var arrivedAt: MonotonicTime
    }

    /// The first request.
    package var lead: Member
    /// Those that share its call.
    package var companions: [Member] = []
    /// Which copy of the model it goes to.
    package var instance: Int
    package var rows: Int
    package var startedAt: MonotonicTime
    /// Calls in the model when it was started, this one included.
    package var callsAtStart: Int

    package var count: Int { companions.count + 1 }
    /// All requests, the first one first.
    package var tickets: [Ticket] { [lead.ticket] + companions.map(\.ticket) }
}
