/// What the owner of a scheduler has to do, outside its lock, after having told it something.
package struct Effects: Sendable {
    /// Requests that no longer wait and were never started, and why: each is to be answered with an error.
    package var dismissals: [Dismissal] = []
    /// So many workers are to ask for a batch.
    package var wakes = 0
}

/// A request that waited in vain.
package struct Dismissal: Sendable, Equatable {
    package var ticket: Ticket
    package var reason: Reason

    package enum Reason: Sendable, Equatable {
        /// Its deadline passed.
        case expired
        /// Its consumer had more than its share of a full queue, and another needed the place.
        case displaced(retryAfterNanoseconds: UInt64)
        /// The first request of its sequence never reached the model.
        case sequenceBroken
    }
}

/// Why a request isn't let in.
package enum Refusal: Sendable, Equatable {
    /// The queue is full.
    case full(retryAfterNanoseconds: UInt64)
    /// The queue is full, and the consumer has its share of it already.
    case overShare(retryAfterNanoseconds: UInt64)
    /// Its deadline has passed.
    case expired
    /// Not the first request of a sequence, and the sequence isn't known.
    case unknownSequence
    /// So many sequences are under way that no other may begin.
    case tooManySequences
    case shuttingDown
}

/// What became of a request that came in.
package struct Arrival: Sendable {
    package var outcome: Result
    package var effects = Effects()

    package enum Result: Sendable, Equatable {
        case admitted(Ticket)
        case refused(Refusal)
    }
}

/// What a worker gets that asked for a batch.
package struct Take: Sendable {
    /// `nil`: sleep until woken.
    package var batch: Batch?
    package var effects = Effects()
}
