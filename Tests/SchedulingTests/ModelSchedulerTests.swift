import Dispatch
import Scheduling
import NIOConcurrencyHelpers
import Tensors
import Testing

@Suite struct ModelSchedulerTests {
    private final class Log: Sendable {
        let ran = NIOLockedValueBox<[Int]>([])
        let expired = NIOLockedValueBox<[Int]>([])
        let most = NIOLockedValueBox((now: 0, most: 0))
    }

    @Test func everyJobRunsOnceAndNotMoreAtOnceThanAllowed() {
        let log = Log()
        let done = DispatchSemaphore(value: 0)
        let scheduler = ModelScheduler<Int>(
            name: "test", concurrency: 3, capacity: 1000,
            run: { job in
                log.most.withLockedValue { counts in
                    counts.now += 1
                    counts.most = max(counts.most, counts.now)
                }
                log.ran.withLockedValue { $0.append(job) }
                log.most.withLockedValue { $0.now -= 1 }
                done.signal()
            },
            expire: { job in log.expired.withLockedValue { $0.append(job) } })
        for job in 0..<1000 { #expect(scheduler.submit(job, deadline: nil)) }
        for _ in 0..<1000 { done.wait() }
        #expect(log.ran.withLockedValue { $0.sorted() } == Array(0..<1000))
        #expect(log.most.withLockedValue { $0.most } <= 3)
        #expect(log.expired.withLockedValue { $0 }.isEmpty)
        #expect(scheduler.shutDown().isEmpty)
        #expect(!scheduler.submit(1, deadline: nil))
    }

    @Test func blockedModelFillsItsQueueAndRefusesThen() {
        let log = Log()
        let started = DispatchSemaphore(value: 0)
        let release = DispatchSemaphore(value: 0)
        let scheduler = ModelScheduler<Int>(
            name: "test", concurrency: 1, capacity: 2,
            run: { job in
                log.ran.withLockedValue { $0.append(job) }
                started.signal()
                release.wait()
            },
            expire: { job in
                log.expired.withLockedValue { $0.append(job) }
                started.signal()
            })
        #expect(scheduler.submit(1, deadline: nil))
        started.wait()
        // Its deadline has passed by the time that a call is free.
        #expect(scheduler.submit(2, deadline: MonotonicTime(nanoseconds: 1)))
        #expect(scheduler.submit(3, deadline: nil))
        #expect(!scheduler.submit(4, deadline: nil))
        #expect(scheduler.depth == 2)
        release.signal()
        started.wait()
        started.wait()
        #expect(log.expired.withLockedValue { $0 } == [2])
        #expect(log.ran.withLockedValue { $0 } == [1, 3])
        #expect(scheduler.submit(5, deadline: nil))
        #expect(scheduler.shutDown() == [5])
        release.signal()
    }
}
