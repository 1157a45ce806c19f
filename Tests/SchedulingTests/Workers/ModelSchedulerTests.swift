import Dispatch
import NIOConcurrencyHelpers
import Scheduling
import Tensors
import Testing

@Suite struct ModelSchedulerTests {
    private final class Job: Sendable {
        let number: Int

        init(_ number: Int) { self.number = number }
    }

    private final class Log: Sendable {
        let ran = NIOLockedValueBox<[Int]>([])
        let dismissed = NIOLockedValueBox<[(Int, Dismissal.Reason)]>([])
        let most = NIOLockedValueBox((now: 0, most: 0))
    }

    private func policy(concurrency: Int, capacity: Int) -> SchedulerPolicy {
        var policy = SchedulerPolicy()
        policy.concurrency = concurrency
        policy.capacity = capacity
        return policy
    }

    private func facts(deadline: MonotonicTime? = nil) -> RequestFacts {
        var facts = RequestFacts()
        facts.deadline = deadline
        return facts
    }

    private func isAdmitted(_ result: Arrival.Result) -> Bool {
        if case .admitted = result { true } else { false }
    }

    @Test func everyJobRunsOnceAndNotMoreAtOnceThanAllowed() {
        let log = Log()
        let done = DispatchSemaphore(value: 0)
        let scheduler = ModelScheduler<Job>(
            name: "test", policy: policy(concurrency: 3, capacity: 1000),
            run: { _, work in
                log.most.withLockedValue { counts in
                    counts.now += 1
                    counts.most = max(counts.most, counts.now)
                }
                log.ran.withLockedValue { $0 += work.jobs.map(\.number) }
                log.most.withLockedValue { $0.now -= 1 }
                done.signal()
            },
            dismiss: { job, reason in log.dismissed.withLockedValue { $0.append((job.number, reason)) } })
        for number in 0..<1000 { #expect(isAdmitted(scheduler.submit(Job(number), facts()))) }
        for _ in 0..<1000 { done.wait() }
        #expect(log.ran.withLockedValue { $0.sorted() } == Array(0..<1000))
        #expect(log.most.withLockedValue { $0.most } <= 3)
        #expect(log.dismissed.withLockedValue { $0.isEmpty })
        #expect(scheduler.threads <= 3)
        #expect(scheduler.shutDown().isEmpty)
        #expect(scheduler.submit(Job(1), facts()) == .refused(.shuttingDown))
    }

    @Test func blockedModelFillsItsQueueAndRefusesThen() throws {
        let log = Log()
        let started = DispatchSemaphore(value: 0)
        let release = DispatchSemaphore(value: 0)
        let scheduler = ModelScheduler<Job>(
            name: "test", policy: policy(concurrency: 1, capacity: 2),
            run: { _, work in
                log.ran.withLockedValue { $0 += work.jobs.map(\.number) }
                started.signal()
                release.wait()
            },
            dismiss: { job, reason in
                log.dismissed.withLockedValue { $0.append((job.number, reason)) }
                started.signal()
            })
        #expect(isAdmitted(scheduler.submit(Job(1), facts())))
        started.wait()
        // It is told when its deadline has passed, though the one thread is busy.
        #expect(isAdmitted(scheduler.submit(Job(2), facts(deadline: .now.advanced(byNanoseconds: 5_000_000)))))
        started.wait()
        #expect(log.dismissed.withLockedValue { $0.map(\.0) } == [2])
        #expect(log.dismissed.withLockedValue { $0.first?.1 } == .expired)
        guard case .admitted(let ticket) = scheduler.submit(Job(3), facts()) else {
            Issue.record("there was room")
            return
        }
        #expect(isAdmitted(scheduler.submit(Job(4), facts())))
        guard case .refused(.full(let wait)) = scheduler.submit(Job(5), facts()) else {
            Issue.record("there was no room")
            return
        }
        #expect(wait >= 1_000_000_000)
        #expect(scheduler.depth == 2)
        scheduler.cancel(ticket)
        #expect(scheduler.depth == 1)
        release.signal()
        started.wait()
        #expect(log.ran.withLockedValue { $0 } == [1, 4])
        #expect(isAdmitted(scheduler.submit(Job(6), facts())))
        #expect(scheduler.shutDown().map(\.number) == [6])
        release.signal()
    }

    @Test func whatWaitsGoesTogether() {
        var joining = policy(concurrency: 1, capacity: 100)
        joining.batching = BatchingPolicy(maximumRows: 8)
        let started = DispatchSemaphore(value: 0)
        let release = DispatchSemaphore(value: 0)
        let sizes = NIOLockedValueBox<[Int]>([])
        let scheduler = ModelScheduler<Job>(
            name: "test", policy: joining,
            run: { _, work in
                sizes.withLockedValue { $0.append(work.jobs.count) }
                started.signal()
                release.wait()
            }, dismiss: { _, _ in })
        var facts = facts()
        facts.kind = 1
        #expect(isAdmitted(scheduler.submit(Job(0), facts)))
        started.wait()
        for number in 1...10 { #expect(isAdmitted(scheduler.submit(Job(number), facts))) }
        for _ in 0..<3 { release.signal() }
        started.wait()
        started.wait()
        #expect(sizes.withLockedValue { $0 } == [1, 8, 2])
        _ = scheduler.shutDown()
    }

    @Test func aBatchIsHeldBackForCompanionsNoLongerThanItsDelay() {
        var joining = policy(concurrency: 1, capacity: 100)
        joining.batching = BatchingPolicy(
            maximumRows: 8, maximumDelayNanoseconds: 20_000_000, isAdaptive: false)
        let started = DispatchSemaphore(value: 0)
        let sizes = NIOLockedValueBox<[Int]>([])
        let scheduler = ModelScheduler<Job>(
            name: "test", policy: joining,
            run: { _, work in
                sizes.withLockedValue { $0.append(work.jobs.count) }
                started.signal()
            }, dismiss: { _, _ in })
        var facts = facts()
        facts.kind = 1
        let begin = MonotonicTime.now
        for number in 0..<3 { #expect(isAdmitted(scheduler.submit(Job(number), facts))) }
        started.wait()
        #expect(MonotonicTime.now.nanoseconds(since: begin) >= 20_000_000)
        #expect(sizes.withLockedValue { $0 } == [3])
        for number in 0..<8 { #expect(isAdmitted(scheduler.submit(Job(number), facts))) }
        started.wait()
        #expect(sizes.withLockedValue { $0 } == [3, 8])
        _ = scheduler.shutDown()
    }
}
