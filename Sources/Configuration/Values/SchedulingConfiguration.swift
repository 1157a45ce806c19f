/// Which of a model's waiting requests go next, and which go together.
package struct SchedulingConfiguration: Sendable, Equatable {
    package enum Batching: Sendable, Equatable {
        /// Whatever waits when a call is free goes in one call, up to what the model takes.
        case auto
        /// Each request goes alone.
        case off
        case custom(BatchingConfiguration)
    }

    package enum Fairness: String, Sendable, CaseIterable {
        /// Consumers get even shares of the model.
        case consumer
        /// First come, first served.
        case none
    }

    package enum Limit: String, Sendable, CaseIterable {
        /// `instances` times `concurrency` calls.
        case fixed
        /// As many as the model bears without slowing down, at most that.
        case adaptive
    }

    package var batching = Batching.auto
    package var priorities = PriorityConfiguration()
    /// Whether answers go out in the order in which their requests came.
    package var isOrdered = false
    package var fairness = Fairness.consumer
    package var limit = Limit.fixed
    package var sequences = SequenceConfiguration()

    package init() {}
}

/// How a model's requests are joined.
package struct BatchingConfiguration: Sendable, Equatable {
    /// Rows of one call, at most; `nil` leaves it to the model.
    package var maximumRows: Int?
    /// Sizes at which a call goes at once, ascending.
    package var preferredRows: [Int] = []
    /// How long a request waits for others, at most.
    package var maximumDelay = Duration.zero
    /// Whether that time is shorter where waiting gains nothing.
    package var isAdaptive = true

    package init() {}
}

/// The levels of priority that clients may ask for.
package struct PriorityConfiguration: Sendable, Equatable {
    /// How many there are; 1 is the most urgent.
    package var levels = 1
    /// The one of requests that ask for none.
    package var standard = 1
    /// How often a level with something waiting is passed over in a row, at most.
    package var patience = 8

    package init() {}
}

/// How many sequences a model that keeps state may have.
package struct SequenceConfiguration: Sendable, Equatable {
    package var maximum = 1024
    /// A sequence without a request for so long is over.
    package var idle = Duration.seconds(60)

    package init() {}
}
