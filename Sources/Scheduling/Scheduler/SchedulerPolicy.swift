/// How one model's requests are scheduled.
package struct SchedulerPolicy: Sendable, Equatable {
    /// Requests that may wait beyond those that could start at once.
    package var capacity = 256
    /// Copies of the model.
    package var instances = 1
    /// Calls into each copy at the same time.
    package var concurrency = 1
    /// How requests are joined; `nil` where each goes alone.
    package var batching: BatchingPolicy?
    /// Levels of priority, 1 the most urgent.
    package var levels = 1
    /// The level of requests that name none.
    package var standardLevel = 1
    /// A level with something waiting is passed over so often at most.
    package var patience = 8
    /// Whether consumers share the model evenly; else requests of one priority go in the order of their arrival.
    package var isFair = false
    /// For models that keep state by sequence.
    package var sequences: SequencePolicy?
    /// Whether the number of calls adapts to their latency, up to `instances * concurrency`.
    package var isAdaptive = false

    package init() {}

    /// Calls in the model at the same time, at most.
    package var maximumCalls: Int { instances * concurrency }
}
