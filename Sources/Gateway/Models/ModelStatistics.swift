internal import Synchronization
internal import Tensors

/// What has become of the calls into one model, as the statistics of the Open Inference Protocol tell it.
package final class ModelStatistics: Sendable {
    /// How many there were, and how long they took together.
    package struct Total: Sendable, Equatable {
        package var count: UInt64 = 0
        package var nanoseconds: UInt64 = 0

        package init() {}
    }

    package struct Snapshot: Sendable, Equatable {
        package var success = Total()
        package var failure = Total()
        /// Rows of all answered requests; one for each request to a model without batches.
        package var inferences: UInt64 = 0
        /// Milliseconds since 1970; 0 where there was none.
        package var lastInference: UInt64 = 0
    }

    private let successes = Atomic<UInt64>(0)
    private let successNanoseconds = Atomic<UInt64>(0)
    private let failures = Atomic<UInt64>(0)
    private let failureNanoseconds = Atomic<UInt64>(0)
    private let inferences = Atomic<UInt64>(0)
    private let lastInference = Atomic<UInt64>(0)

    init() {}

    /// A call has ended.
    func record(rows: Int, isSuccess: Bool, nanoseconds: UInt64) {
        if isSuccess {
            successes.wrappingAdd(1, ordering: .relaxed)
            successNanoseconds.wrappingAdd(nanoseconds, ordering: .relaxed)
            inferences.wrappingAdd(UInt64(clamping: rows), ordering: .relaxed)
        } else {
            failures.wrappingAdd(1, ordering: .relaxed)
            failureNanoseconds.wrappingAdd(nanoseconds, ordering: .relaxed)
        }
        lastInference.store(UInt64(clamping: WallClock.millisecondsSince1970), ordering: .relaxed)
    }

    /// The totals so far; counts that are read while calls end may differ by those.
    package var snapshot: Snapshot {
        var snapshot = Snapshot()
        snapshot.success.count = successes.load(ordering: .relaxed)
        snapshot.success.nanoseconds = successNanoseconds.load(ordering: .relaxed)
        snapshot.failure.count = failures.load(ordering: .relaxed)
        snapshot.failure.nanoseconds = failureNanoseconds.load(ordering: .relaxed)
        snapshot.inferences = inferences.load(ordering: .relaxed)
        snapshot.lastInference = lastInference.load(ordering: .relaxed)
        return snapshot
    }
}
