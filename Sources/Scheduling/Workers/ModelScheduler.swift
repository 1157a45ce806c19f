internal import Dispatch
internal import Foundation
internal import NIOConcurrencyHelpers
package import Tensors

/// Runs one model's requests on the model's own threads, at most so many at once, the rest in a bounded queue.
///
/// The threads belong to the model alone: a plugin that blocks holds up neither event loops nor other models.
package final class ModelScheduler<Job: Sendable>: Sendable {
    private struct Locked: Sendable {
        var queue: RequestQueue<Job>
        /// Jobs that were admitted and wait for a worker to wake.
        var ready: [Job] = []
        var isShutDown = false
    }

    private let locked: NIOLockedValueBox<Locked>
    private let work = DispatchSemaphore(value: 0)
    private let run: @Sendable (Job) -> Void
    private let expire: @Sendable (Job) -> Void
    private let threadCount: Int

    /// - Parameters:
    ///   - run: carries out one job; may block.
    ///   - expire: tells a job that its deadline passed while it waited.
    package init(
        name: String, concurrency: Int, capacity: Int, run: @escaping @Sendable (Job) -> Void,
        expire: @escaping @Sendable (Job) -> Void
    ) {
        self.locked = NIOLockedValueBox(Locked(queue: RequestQueue(capacity: capacity, concurrency: concurrency)))
        self.run = run
        self.expire = expire
        self.threadCount = concurrency
        for index in 0..<concurrency {
            let thread = Thread { [self] in runJobs() }
            thread.name = "\(name.prefix(11))-\(index)"
            thread.start()
        }
    }

    /// Takes a job; `false` where the queue is full or the scheduler has shut down.
    package func submit(_ job: Job, deadline: MonotonicTime?) -> Bool {
        let (accepted, wake) = locked.withLockedValue { locked -> (Bool, Bool) in
            guard !locked.isShutDown else { return (false, false) }
            switch locked.queue.arrive(job, deadline: deadline) {
            case .start:
                locked.ready.append(job)
                return (true, true)
            case .queued: return (true, false)
            case .full: return (false, false)
            }
        }
        if wake { work.signal() }
        return accepted
    }

    /// Jobs that wait for a free call now.
    package var depth: Int { locked.withLockedValue { $0.queue.depth } }

    /// Ends the threads once they have nothing to do; returns the jobs that still waited.
    package func shutDown() -> [Job] {
        let left = locked.withLockedValue { locked -> [Job] in
            locked.isShutDown = true
            return locked.queue.removeAll()
        }
        for _ in 0..<threadCount { work.signal() }
        return left
    }

    private func runJobs() {
        while true {
            work.wait()
            var job = locked.withLockedValue { locked in locked.ready.isEmpty ? nil : locked.ready.removeFirst() }
            // A signal without a job is the end: the jobs before it have been taken.
            guard job != nil else { return }
            while let current = job {
                run(current)
                let (next, expired) = locked.withLockedValue { $0.queue.callEnded(now: .now) }
                for late in expired { expire(late) }
                job = next
            }
        }
    }
}
