/// What a record in a ring is about.
enum MessageKind {
    /// Set where the record only says where in the sender's arena the message lies.
    static let isElsewhere: UInt32 = 1 << 31

    /// Gateway to runner, by the ring of requests.
    enum Request: UInt32 {
        case infer = 1
        /// Several at once, for models that take lists.
        case inferList = 2
        /// One that wants something other than an answer.
        case perform = 3
    }

    /// Gateway to runner, by the ring of control.
    enum Control: UInt32 {
        /// The caller has gone.
        case cancel = 1
        /// A part of a stream has been taken: one more is welcome.
        case credit = 2
        /// The memory of one part's outputs, or of one message, is the runner's again.
        case release = 3
    }

    /// Runner to gateway.
    enum Answer: UInt32 {
        case part = 1
        /// The runner has let go of a request that was cancelled.
        case done = 2
        /// `infer` has returned, and the final part is still to come.
        case returned = 3
        case log = 4
        case metric = 5
        case observe = 6
        case violation = 7
    }
}

/// The number of a call in the rings: a place in the gateway's table, and which of the calls that had it.
struct CallNumber: Hashable, Sendable {
    var place: UInt32
    var turn: UInt32

    init(place: UInt32, turn: UInt32) {
        self.place = place
        self.turn = turn
    }

    init(_ raw: UInt64) {
        place = UInt32(truncatingIfNeeded: raw)
        turn = UInt32(truncatingIfNeeded: raw >> 32)
    }

    var raw: UInt64 { UInt64(place) | UInt64(turn) << 32 }
}
