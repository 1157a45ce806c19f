internal import Dispatch
internal import Foundation
internal import NIOConcurrencyHelpers
internal import Tensors

/// Runs one model's requests on the model's own threads, as its `Scheduler` says.
///
/// The threads belong to the model alone: a plugin that blocks holds up neither event loops nor other models. They are
/// started when they are first needed.
package final class ModelScheduler<Job: AnyObject & Sendable>: Sendable {
    /// What one thread carries out at a time.
    package struct Work: Sendable {
        /// At least one, in the order of the batch's tickets; they share a call.
        package var jobs: [Job]
        package var batch: Batch
    }

    private struct Locked: Sendable {
        var scheduler: Scheduler
        /// Jobs that wait, by their tickets' places.
        var jobs: [Job?] = []
        var threads = 0
        /// Threads that carry out nothing at the moment.
        var idleThreads = 0
        /// When the clock will ring; the end of time for never.
        var alarm = MonotonicTime(nanoseconds: .max)
    }

    /// What follows from a change, outside the lock.
    private struct Consequences {
        var dismissed: [(Job, Dismissal.Reason)] = []
        var wakes = 0
        var newThreads = 0
        var alarm: MonotonicTime?
    }

    private let name: String
    private let maximumThreads: Int
    private let locked: NIOLockedValueBox<Locked>
    private let work = DispatchSemaphore(value: 0)
    private let clock: AlarmClock
    private let instances: Int
    private let isReady: @Sendable (Int) -> Bool
    private let run: @Sendable (ModelScheduler, Work) -> Void
    private let dismiss: @Sendable (Job, Dismissal.Reason) -> Void

    /// - Parameters:
    ///   - isReady: whether an instance can answer at the moment; asked outside of the lock.
    ///   - run: carries out the jobs of one call; may block.
    ///   - dismiss: tells a job that waited that it will not be carried out.
    package init(
        name: String, policy: SchedulerPolicy, clock: AlarmClock = .shared,
        isReady: @escaping @Sendable (Int) -> Bool = { _ in true },
        run: @escaping @Sendable (ModelScheduler, Work) -> Void,
        dismiss: @escaping @Sendable (Job, Dismissal.Reason) -> Void
    ) {
        self.name = name
        self.maximumThreads = policy.maximumCalls
        self.locked = NIOLockedValueBox(Locked(scheduler: Scheduler(policy)))
        self.clock = clock
        self.instances = policy.instances
        self.isReady = isReady
        self.run = run
        self.dismiss = dismiss
    }

    /// Takes in a job: it is carried out, or dismissed, or cancelled before.
    package func submit(_ job: Job, _ facts: RequestFacts) -> Arrival.Result {
        admit(job) { $0.arrive(facts, now: $1) }
    }

    /// Takes in a job again whose call failed for others' sake: it goes alone, and next.
    package func comeBack(_ job: Job, _ facts: RequestFacts) -> Arrival.Result {
        admit(job) { $0.comeBack(facts, now: $1) }
    }

    private func admit(_ job: Job, _ enter: (inout Scheduler, MonotonicTime) -> Arrival) -> Arrival.Result {
        let now = MonotonicTime.now
        let (arrival, consequences) = locked.withLockedValue { locked -> (Arrival, Consequences) in
            let arrival = enter(&locked.scheduler, now)
            if case .admitted(let ticket) = arrival.outcome {
                while locked.jobs.count <= ticket.place { locked.jobs.append(nil) }
                // Whoever had the place before and is dismissed is taken out first.
                let consequences = follow(arrival.effects, now: now, &locked)
                locked.jobs[ticket.place] = job
                return (arrival, consequences)
            }
            return (arrival, follow(arrival.effects, now: now, &locked))
        }
        carryOut(consequences)
        return arrival.outcome
    }

    /// The job's caller has gone: it need not wait any longer.
    package func cancel(_ ticket: Ticket) {
        let now = MonotonicTime.now
        let consequences = locked.withLockedValue { locked -> Consequences in
            let (wasWaiting, effects) = locked.scheduler.cancel(ticket, now: now)
            if wasWaiting { locked.jobs[ticket.place] = nil }
            return follow(effects, now: now, &locked)
        }
        carryOut(consequences)
    }

    /// The model has let go of a job; needed for those of sequences only.
    package func letGo(_ ticket: Ticket) {
        let now = MonotonicTime.now
        let consequences = locked.withLockedValue { locked -> Consequences in
            let effects = locked.scheduler.letGo(ticket, now: now)
            return follow(effects, now: now, &locked)
        }
        carryOut(consequences)
    }

    /// Whoever sent the jobs of a sequence has gone: nothing further comes.
    package func endSequence(_ id: String) {
        locked.withLockedValue { $0.scheduler.endSequence(id) }
    }

    /// Jobs that wait now.
    package var depth: Int { locked.withLockedValue { $0.scheduler.depth } }
    /// Calls at the same time that the model bears now.
    package var currentLimit: Int { locked.withLockedValue { $0.scheduler.currentLimit } }
    /// Threads that were started so far.
    package var threads: Int { locked.withLockedValue { $0.threads } }

    /// Ends the threads once they have nothing to do; returns the jobs that still waited.
    package func shutDown() -> [Job] {
        let (left, threads) = locked.withLockedValue { locked -> ([Job], Int) in
            let left = locked.scheduler.shutDown(now: .now).compactMap { locked.jobs[$0.place] }
            locked.jobs = []
            return (left, locked.threads)
        }
        for _ in 0..<threads { work.signal() }
        return left
    }

    // MARK: Under the lock, and after it

    private func follow(_ effects: Effects, now: MonotonicTime, _ locked: inout Locked) -> Consequences {
        var consequences = Consequences()
        for dismissal in effects.dismissals {
            guard let job = locked.jobs[dismissal.ticket.place] else { continue }
            locked.jobs[dismissal.ticket.place] = nil
            consequences.dismissed.append((job, dismissal.reason))
        }
        consequences.wakes = effects.wakes
        if effects.wakes > 0, locked.scheduler.wakesUnderWay > locked.idleThreads, locked.threads < maximumThreads {
            locked.threads += 1
            locked.idleThreads += 1
            consequences.newThreads = 1
        }
        if let alarm = locked.scheduler.alarm(now: now), alarm < locked.alarm {
            locked.alarm = alarm
            consequences.alarm = alarm
        }
        return consequences
    }

    private func carryOut(_ consequences: Consequences) {
        for _ in 0..<consequences.newThreads { startThread() }
        for _ in 0..<consequences.wakes { work.signal() }
        if let alarm = consequences.alarm { clock.ring(self, at: alarm) }
        for (job, reason) in consequences.dismissed { dismiss(job, reason) }
    }

    private func startThread() {
        let thread = Thread { [self] in runJobs() }
        thread.name = String(name.prefix(15))
        thread.start()
    }

    private func runJobs() {
        while true {
            work.wait()
            var wasWoken = true
            var last: Batch?
            while true {
                let now = MonotonicTime.now
                let readiness = instances > 1 ? (0..<instances).map(isReady) : []
                let (next, consequences, isOver) = locked.withLockedValue { locked -> (Work?, Consequences, Bool) in
                    if let last {
                        locked.scheduler.finished(last, now: now)
                        locked.idleThreads += 1
                    }
                    if instances > 1 { locked.scheduler.instances(areReady: readiness) }
                    let take = locked.scheduler.take(wasWoken: wasWoken, now: now)
                    if take.batch != nil { locked.idleThreads -= 1 }
                    let consequences = follow(take.effects, now: now, &locked)
                    guard let batch = take.batch else { return (nil, consequences, locked.scheduler.isShutDown) }
                    var jobs: [Job] = []
                    jobs.reserveCapacity(batch.count)
                    Self.move(batch.lead.ticket, from: &locked.jobs, to: &jobs)
                    for member in batch.companions { Self.move(member.ticket, from: &locked.jobs, to: &jobs) }
                    return (Work(jobs: jobs, batch: batch), consequences, false)
                }
                wasWoken = false
                carryOut(consequences)
                if isOver { return }
                guard let next else { break }
                run(self, next)
                last = next.batch
            }
        }
    }

    private static func move(_ ticket: Ticket, from waiting: inout [Job?], to jobs: inout [Job]) {
        guard let job = waiting[ticket.place] else { return }
        waiting[ticket.place] = nil
        jobs.append(job)
    }
}

extension ModelScheduler: Alarmed {
    package func rang() {
        let now = MonotonicTime.now
        let consequences = locked.withLockedValue { locked -> Consequences in
            locked.alarm = MonotonicTime(nanoseconds: .max)
            let effects = locked.scheduler.tick(now: now)
            return follow(effects, now: now, &locked)
        }
        carryOut(consequences)
    }
}
