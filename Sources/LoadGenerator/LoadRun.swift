internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOPosix
internal import Tensors

/// One run of load against one server.
package final class LoadRun: Sendable {
    private let plan: LoadPlan
    private let group: MultiThreadedEventLoopGroup
    private let progressBoxes: [NIOLockedValueBox<LoadProgress>]
    private let workers = NIOLockedValueBox<[NIOLoopBound<LoadWorker>]>([])
    private let isStopped = NIOLockedValueBox(false)

    package init(_ plan: LoadPlan) {
        self.plan = plan
        group = MultiThreadedEventLoopGroup(numberOfThreads: plan.shares.count)
        progressBoxes = plan.shares.map { _ in NIOLockedValueBox(LoadProgress()) }
    }

    /// Where the run stands; at most a twentieth of a second old.
    package var progress: LoadProgress {
        progressBoxes.reduce(LoadProgress()) { sum, box in sum + box.withLockedValue { $0 } }
    }

    /// Ends the run early; what has been measured is reported.
    package func stop() {
        isStopped.withLockedValue { $0 = true }
        for worker in workers.withLockedValue({ $0 }) {
            worker.eventLoop.execute { worker.value.stop() }
        }
    }

    /// Runs to the end.
    package func run() async throws -> LoadReport {
        let start = MonotonicTime.now
        var results: [EventLoopFuture<LoadTally>] = []
        for (index, share) in plan.shares.enumerated() {
            let loop = group.next()
            let done = loop.makePromise(of: LoadTally.self)
            results.append(done.futureResult)
            let (plan, progress) = (plan, progressBoxes[index])
            let worker = try await loop.submit {
                let pacer = Pacer(
                    share.load, length: share.length, warmUpNanoseconds: plan.warmUpNanoseconds, start: start,
                    phase: share.phase, seed: plan.seed &+ UInt64(index))
                let worker = LoadWorker(
                    loop: loop, plan: plan, connections: share.connections, pacer: pacer, progress: progress,
                    done: done)
                worker.start()
                return NIOLoopBound(worker, eventLoop: loop)
            }.get()
            workers.withLockedValue { $0.append(worker) }
        }
        if isStopped.withLockedValue({ $0 }) { stop() }
        var whole = LoadTally()
        for result in results { whole.add(try await result.get()) }
        try await group.shutdownGracefully()
        var plan = plan
        plan.wasStoppedEarly = isStopped.withLockedValue { $0 }
        return LoadReport(whole, plan: plan, began: start.advanced(byNanoseconds: plan.warmUpNanoseconds))
    }
}
