internal import PluginHost
internal import Synchronization
internal import Telemetry
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
        /// Waiting for a free call.
        package var queue = Total()
        /// Reading inputs.
        package var input = Total()
        /// In the model, without waiting for it.
        package var compute = Total()
        /// Writing outputs.
        package var output = Total()
        /// Answered by the cache, without the model.
        package var cacheHit = Total()
        /// Looked for in the cache in vain. To look isn't timed.
        package var cacheMiss = Total()
        /// Rows of all requests that the model answered; one for each request to a model without batches.
        package var inferences: UInt64 = 0
        /// Milliseconds since 1970; 0 where there was none.
        package var lastInference: UInt64 = 0
    }

    private let successes = Atomic<UInt64>(0)
    private let successNanoseconds = Atomic<UInt64>(0)
    private let failures = Atomic<UInt64>(0)
    private let failureNanoseconds = Atomic<UInt64>(0)
    private let cacheHits = Atomic<UInt64>(0)
    private let cacheHitNanoseconds = Atomic<UInt64>(0)
    private let cacheMisses = Atomic<UInt64>(0)
    private let inferences = Atomic<UInt64>(0)
    private let lastInference = Atomic<UInt64>(0)
    private let edges = Atomic<UInt64>(0)
    private let inputNanoseconds = Atomic<UInt64>(0)
    private let outputNanoseconds = Atomic<UInt64>(0)
    /// Waits of all revisions' requests, and what they were when these statistics began.
    private let waits: Histogram?
    private let waitsBefore: Total

    /// - Parameter waits: of the model's requests, from when it was first loaded.
    init(waits: Histogram? = nil) {
        self.waits = waits
        var before = Total()
        before.count = waits?.count ?? 0
        before.nanoseconds = waits?.nanoseconds ?? 0
        waitsBefore = before
    }

    /// A request was answered whole: what its inputs and its outputs took.
    func record(inputNanoseconds input: UInt64, outputNanoseconds output: UInt64) {
        edges.wrappingAdd(1, ordering: .relaxed)
        inputNanoseconds.wrappingAdd(input, ordering: .relaxed)
        outputNanoseconds.wrappingAdd(output, ordering: .relaxed)
    }

    /// A call has ended.
    ///
    /// - Parameter cache: what the model's cache had to do with it.
    func record(rows: Int, isSuccess: Bool, nanoseconds: UInt64, cache: InferencePart.CacheOutcome? = nil) {
        if isSuccess {
            successes.wrappingAdd(1, ordering: .relaxed)
            successNanoseconds.wrappingAdd(nanoseconds, ordering: .relaxed)
            if cache == .hit {
                cacheHits.wrappingAdd(1, ordering: .relaxed)
                cacheHitNanoseconds.wrappingAdd(nanoseconds, ordering: .relaxed)
            } else {
                if cache == .miss { cacheMisses.wrappingAdd(1, ordering: .relaxed) }
                inferences.wrappingAdd(UInt64(clamping: rows), ordering: .relaxed)
            }
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
        snapshot.input.count = edges.load(ordering: .relaxed)
        snapshot.input.nanoseconds = inputNanoseconds.load(ordering: .relaxed)
        snapshot.output.count = snapshot.input.count
        snapshot.output.nanoseconds = outputNanoseconds.load(ordering: .relaxed)
        snapshot.queue.count = (waits?.count ?? 0) &- waitsBefore.count
        snapshot.queue.nanoseconds = (waits?.nanoseconds ?? 0) &- waitsBefore.nanoseconds
        snapshot.cacheHit.count = cacheHits.load(ordering: .relaxed)
        snapshot.cacheHit.nanoseconds = cacheHitNanoseconds.load(ordering: .relaxed)
        snapshot.cacheMiss.count = cacheMisses.load(ordering: .relaxed)
        snapshot.compute = snapshot.success
        snapshot.compute.count -= min(snapshot.compute.count, snapshot.cacheHit.count)
        snapshot.compute.nanoseconds -= min(snapshot.compute.nanoseconds, snapshot.cacheHit.nanoseconds)
        snapshot.compute.nanoseconds -= min(snapshot.compute.nanoseconds, snapshot.queue.nanoseconds)
        snapshot.inferences = inferences.load(ordering: .relaxed)
        snapshot.lastInference = lastInference.load(ordering: .relaxed)
        return snapshot
    }
}
