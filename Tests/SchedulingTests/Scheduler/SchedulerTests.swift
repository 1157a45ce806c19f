@testable import Scheduling
import Tensors
import Testing

/// Single rules, each by itself; `SimulationTests` has them all at once.
@Suite struct SchedulerTests {
    private static func at(_ microseconds: UInt64) -> MonotonicTime {
        MonotonicTime(nanoseconds: 1_000_000_000 + microseconds * 1_000)
    }

    private static func policy(_ change: (inout SchedulerPolicy) -> Void = { _ in }) -> SchedulerPolicy {
        var policy = SchedulerPolicy()
        policy.capacity = 10
        change(&policy)
        return policy
    }

    private static func facts(_ change: (inout RequestFacts) -> Void = { _ in }) -> RequestFacts {
        var facts = RequestFacts()
        facts.kind = 1
        change(&facts)
        return facts
    }

    private func ticket(_ arrival: Arrival) throws -> Ticket {
        guard case .admitted(let ticket) = arrival.outcome else {
            throw Simulation.Fault(description: "not admitted: \(arrival.outcome)")
        }
        return ticket
    }

    /// Fills the only call, so that what follows has to wait.
    private func busy(_ policy: SchedulerPolicy) throws -> (Scheduler, Batch) {
        var scheduler = Scheduler(policy)
        // One that goes alone waits for nobody.
        _ = scheduler.arrive(Self.facts { ($0.consumer, $0.kind) = (99, nil) }, now: Self.at(0))
        let batch = try #require(scheduler.take(wasWoken: true, now: Self.at(0)).batch)
        return (scheduler, batch)
    }

    // MARK: The queue

    @Test func anIdleModelStartsAtOnce() throws {
        var scheduler = Scheduler(Self.policy { $0.batching = BatchingPolicy(maximumDelayNanoseconds: 5_000_000) })
        let arrival = scheduler.arrive(Self.facts(), now: Self.at(0))
        #expect(arrival.effects.wakes == 1)
        let take = scheduler.take(wasWoken: true, now: Self.at(1))
        #expect(take.batch?.lead.ticket == (try ticket(arrival)))
        #expect(take.batch?.lead.arrivedAt == Self.at(0))
    }

    @Test func oneWorkerIsWokenForWhatGoesInOneCall() {
        var scheduler = Scheduler(
            Self.policy {
                $0.concurrency = 4
                $0.batching = BatchingPolicy(maximumRows: 8)
            })
        let wakes = (0..<9).map { _ in scheduler.arrive(Self.facts(), now: Self.at(0)).effects.wakes }
        #expect(wakes == [1, 0, 0, 0, 0, 0, 0, 0, 1])
    }

    @Test func withoutRoomToWaitOnlyAFreeCallLetsIn() throws {
        var scheduler = Scheduler(Self.policy { $0.capacity = 0 })
        _ = try ticket(scheduler.arrive(Self.facts(), now: Self.at(0)))
        guard case .refused(.full) = scheduler.arrive(Self.facts(), now: Self.at(0)).outcome else {
            Issue.record("two requests for one call")
            return
        }
        let batch = try #require(scheduler.take(wasWoken: true, now: Self.at(1)).batch)
        scheduler.finished(batch, now: Self.at(2))
        _ = try ticket(scheduler.arrive(Self.facts(), now: Self.at(3)))
    }

    @Test func theWaitOfAFullQueueComesFromItsDrain() throws {
        var scheduler = Scheduler(Self.policy { $0.capacity = 40 })
        var now: UInt64 = 0
        // Ten requests leave in each second.
        for _ in 0..<30 {
            _ = scheduler.arrive(Self.facts { $0.kind = nil }, now: Self.at(now))
            let batch = try #require(scheduler.take(wasWoken: true, now: Self.at(now)).batch)
            now += 100_000
            scheduler.finished(batch, now: Self.at(now))
        }
        for _ in 0..<41 { _ = scheduler.arrive(Self.facts(), now: Self.at(now)) }
        guard case .refused(.full(let wait)) = scheduler.arrive(Self.facts(), now: Self.at(now)).outcome else {
            Issue.record("there was room")
            return
        }
        #expect((3_500_000_000...4_700_000_000).contains(wait), "41 requests at 10 a second: \(wait)")
    }

    @Test func expiredRequestsAreToldWhenTheyExpire() throws {
        var (scheduler, _) = try busy(Self.policy())
        let late = try ticket(scheduler.arrive(Self.facts { $0.deadline = Self.at(50) }, now: Self.at(0)))
        _ = scheduler.arrive(Self.facts { $0.deadline = Self.at(90) }, now: Self.at(0))
        #expect(scheduler.alarm(now: Self.at(1)) == Self.at(50))
        #expect(scheduler.tick(now: Self.at(49)).dismissals.isEmpty)
        #expect(scheduler.tick(now: Self.at(50)).dismissals == [Dismissal(ticket: late, reason: .expired)])
        #expect(scheduler.alarm(now: Self.at(50)) == Self.at(90))
        #expect(
            scheduler.arrive(Self.facts { $0.deadline = Self.at(60) }, now: Self.at(60)).outcome == .refused(.expired))
    }

    @Test func aCancelledRequestNeitherStartsNorWakes() throws {
        var (scheduler, batch) = try busy(Self.policy())
        let gone = try ticket(scheduler.arrive(Self.facts { $0.deadline = Self.at(50) }, now: Self.at(0)))
        #expect(scheduler.cancel(gone, now: Self.at(1)).wasWaiting)
        #expect(!scheduler.cancel(gone, now: Self.at(1)).wasWaiting)
        #expect(scheduler.alarm(now: Self.at(1)) == nil)
        scheduler.finished(batch, now: Self.at(2))
        #expect(scheduler.take(wasWoken: false, now: Self.at(2)).batch == nil)
    }

    // MARK: Batches

    private func sizes(_ batching: BatchingPolicy, rows: [Int]) throws -> [Int] {
        var (scheduler, batch) = try busy(
            Self.policy {
                $0.capacity = 1000
                $0.batching = batching
            })
        for count in rows { _ = scheduler.arrive(Self.facts { $0.rows = count }, now: Self.at(0)) }
        var sizes: [Int] = []
        scheduler.finished(batch, now: Self.at(1))
        while let next = scheduler.take(wasWoken: false, now: Self.at(1)).batch {
            sizes.append(next.rows)
            scheduler.finished(next, now: Self.at(1))
        }
        return sizes
    }

    @Test func whatWaitsGoesUpToTheMostRows() throws {
        #expect(try sizes(BatchingPolicy(maximumRows: 8), rows: Array(repeating: 1, count: 20)) == [8, 8, 4])
        #expect(try sizes(BatchingPolicy(maximumRows: 8), rows: [3, 6, 5, 9, 1]) == [8, 7, 9])
        #expect(try sizes(BatchingPolicy(maximumRows: 8), rows: [20]) == [20], "larger than any call: alone")
    }

    @Test func preferredSizesGoWithoutWaiting() throws {
        let policy = BatchingPolicy(
            maximumRows: 16, preferredRows: [4, 8], maximumDelayNanoseconds: 1_000_000, isAdaptive: false)
        #expect(try sizes(policy, rows: Array(repeating: 1, count: 31)) == [16, 8, 4], "three go on waiting")
    }

    @Test func requestsOfOtherKindsAreLeftForTheNextCall() throws {
        var (scheduler, batch) = try busy(Self.policy { $0.batching = BatchingPolicy(maximumRows: 8) })
        for kind in [1, 2, 1, nil, 2, 1] { _ = scheduler.arrive(Self.facts { $0.kind = kind }, now: Self.at(0)) }
        var sizes: [Int] = []
        scheduler.finished(batch, now: Self.at(1))
        while let next = scheduler.take(wasWoken: false, now: Self.at(1)).batch {
            sizes.append(next.count)
            scheduler.finished(next, now: Self.at(1))
        }
        #expect(sizes == [3, 2, 1])
    }

    @Test func aFixedDelayHoldsTheFirstBackForOthers() throws {
        var scheduler = Scheduler(
            Self.policy {
                $0.batching = BatchingPolicy(
                    maximumRows: 4, maximumDelayNanoseconds: 1_000_000, isAdaptive: false)
            })
        #expect(scheduler.arrive(Self.facts(), now: Self.at(0)).effects.wakes == 0)
        #expect(scheduler.alarm(now: Self.at(0)) == Self.at(1_000))
        #expect(scheduler.arrive(Self.facts(), now: Self.at(500)).effects.wakes == 0)
        #expect(scheduler.tick(now: Self.at(999)).wakes == 0)
        #expect(scheduler.tick(now: Self.at(1_000)).wakes == 1)
        #expect(scheduler.take(wasWoken: true, now: Self.at(1_005)).batch?.count == 2)
        // A full one doesn't wait.
        for _ in 0..<3 { #expect(scheduler.arrive(Self.facts(), now: Self.at(2_000)).effects.wakes == 0) }
    }

    @Test func theAdaptiveDelayIsWhatTheTrafficMakesOfIt() {
        let policy = BatchingPolicy(maximumRows: 8, maximumDelayNanoseconds: 1_000_000)
        #expect(policy.delay(rows: 1, isIdle: true, gap: 1_000) == 0, "nothing to overlap with")
        #expect(policy.delay(rows: 1, isIdle: false, gap: nil) == 0, "nobody knows of others")
        #expect(policy.delay(rows: 1, isIdle: false, gap: 2_000_000) == 0, "nobody will come in time")
        #expect(policy.delay(rows: 1, isIdle: false, gap: 10_000) == 70_000, "seven more are worth that")
        #expect(policy.delay(rows: 7, isIdle: false, gap: 10_000) == 10_000)
        #expect(policy.delay(rows: 1, isIdle: false, gap: 900_000) == 1_000_000)
        let fixed = BatchingPolicy(maximumRows: 8, maximumDelayNanoseconds: 1_000_000, isAdaptive: false)
        #expect(fixed.delay(rows: 1, isIdle: true, gap: nil) == 1_000_000)
    }

    // MARK: Who goes next

    /// Consumers or levels in the order in which their requests are started.
    private func order(_ policy: SchedulerPolicy, _ requests: [RequestFacts]) throws -> [Int] {
        var (scheduler, batch) = try busy(policy)
        var index: [Ticket: Int] = [:]
        for (number, facts) in requests.enumerated() {
            index[try ticket(scheduler.arrive(facts, now: Self.at(0)))] = number
        }
        var order: [Int] = []
        scheduler.finished(batch, now: Self.at(1))
        while let next = scheduler.take(wasWoken: false, now: Self.at(1)).batch {
            order.append(index[next.lead.ticket] ?? -1)
            scheduler.finished(next, now: Self.at(1))
        }
        return order
    }

    @Test func consumersTakeTurns() throws {
        let policy = Self.policy {
            $0.capacity = 100
            $0.isFair = true
        }
        let requests = [1, 1, 1, 1, 1, 2, 2, 3].map { consumer in Self.facts { $0.consumer = consumer } }
        #expect(try order(policy, requests) == [0, 5, 7, 1, 6, 2, 3, 4])
        var unfair = policy
        unfair.isFair = false
        #expect(try order(unfair, requests) == Array(0..<8))
    }

    @Test func largeRequestsCostTheirRows() throws {
        let policy = Self.policy {
            $0.capacity = 100
            $0.isFair = true
        }
        // One consumer sends four rows at a time, the other one: they get the same number of rows.
        let requests =
            (0..<3).map { _ in Self.facts { ($0.consumer, $0.rows) = (1, 4) } }
            + (0..<12).map { _ in Self.facts { $0.consumer = 2 } }
        let order = try order(policy, requests)
        for end in 1...order.count {
            let large = order[..<end].count { $0 < 3 }
            let small = end - large
            guard large < 3, small < 12 else { break }
            #expect(abs(large * 4 - small) <= 8, "\(order)")
        }
    }

    @Test func urgentOnesGoFirstButNobodyStarves() throws {
        let policy = Self.policy {
            $0.capacity = 100
            $0.levels = 3
            $0.standardLevel = 2
            $0.patience = 3
        }
        let requests = [3, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 9].map { priority in
            Self.facts { $0.priority = UInt32(priority) }
        }
        #expect(try order(policy, requests) == [2, 3, 4, 1, 0, 5, 6, 7, 12, 8, 9, 10, 11])
    }

    @Test func theLastOfTheMostGivesItsPlace() throws {
        var (scheduler, _) = try busy(
            Self.policy {
                $0.capacity = 4
                $0.isFair = true
            })
        var noisy: [Ticket] = []
        for _ in 0..<4 { noisy.append(try ticket(scheduler.arrive(Self.facts { $0.consumer = 1 }, now: Self.at(0)))) }
        let quiet = scheduler.arrive(Self.facts { $0.consumer = 2 }, now: Self.at(1))
        _ = try ticket(quiet)
        #expect(quiet.effects.dismissals.map(\.ticket) == [noisy[3]])
        _ = try ticket(scheduler.arrive(Self.facts { $0.consumer = 2 }, now: Self.at(1)))
        // Two each: an even share.
        guard case .refused(.overShare) = scheduler.arrive(Self.facts { $0.consumer = 2 }, now: Self.at(1)).outcome
        else {
            Issue.record("it has its share already")
            return
        }
    }

    @Test func nothingGoesToAnInstanceThatIsDownWhileOthersCanAnswer() throws {
        var scheduler = Scheduler(
            Self.policy {
                $0.instances = 2
                $0.concurrency = 2
            })
        for _ in 0..<5 { _ = scheduler.arrive(Self.facts { $0.kind = nil }, now: Self.at(0)) }
        scheduler.instances(areReady: [false, true])
        var batches: [Batch] = []
        while let batch = scheduler.take(wasWoken: true, now: Self.at(1)).batch { batches.append(batch) }
        #expect(batches.map(\.instance) == [1, 1])
        #expect(scheduler.take(wasWoken: true, now: Self.at(1)).effects.wakes == 0, "nobody is woken in vain")
        // Where none can answer, requests are to fail at once.
        scheduler.instances(areReady: [false, false])
        #expect(scheduler.take(wasWoken: false, now: Self.at(2)).batch?.instance == 0)
        scheduler.instances(areReady: [true, true])
        #expect(scheduler.take(wasWoken: false, now: Self.at(3)).batch?.instance == 0)
    }

    // MARK: Sequences

    private static func step(_ id: String, start: Bool = false, end: Bool = false) -> RequestFacts {
        facts { $0.sequence = RequestFacts.SequenceStep(id: id, isStart: start, isEnd: end) }
    }

    @Test func idleSequencesAreBoundedAndEnd() throws {
        var scheduler = Scheduler(
            Self.policy {
                $0.concurrency = 4
                $0.sequences = SequencePolicy(maximum: 2, idleNanoseconds: 1_000_000)
            })
        func run(_ facts: RequestFacts, at now: UInt64) throws {
            let ticket = try ticket(scheduler.arrive(facts, now: Self.at(now)))
            let batch = try #require(scheduler.take(wasWoken: true, now: Self.at(now)).batch)
            #expect(batch.lead.ticket == ticket)
            scheduler.finished(batch, now: Self.at(now))
            _ = scheduler.letGo(ticket, now: Self.at(now))
        }
        try run(Self.step("a", start: true), at: 0)
        try run(Self.step("b", start: true), at: 100)
        #expect(
            scheduler.arrive(Self.step("c", start: true), now: Self.at(200)).outcome == .refused(.tooManySequences))
        try run(Self.step("b"), at: 900)
        // The first has been idle for too long by now, the second has not.
        try run(Self.step("c", start: true), at: 1_100)
        #expect(scheduler.arrive(Self.step("a"), now: Self.at(1_100)).outcome == .refused(.unknownSequence))
        try run(Self.step("b", end: true), at: 1_200)
        #expect(scheduler.sequenceCount == 1)
        #expect(scheduler.arrive(Self.step("b"), now: Self.at(1_300)).outcome == .refused(.unknownSequence))
    }

    @Test func sequencesEndWhenTheirSenderHasGone() throws {
        var scheduler = Scheduler(Self.policy { $0.sequences = SequencePolicy(maximum: 1) })
        scheduler.endSequence("unknown")
        let first = try ticket(scheduler.arrive(Self.step("a", start: true), now: Self.at(0)))
        let batch = try #require(scheduler.take(wasWoken: true, now: Self.at(0)).batch)
        // One that is at work is over once the model lets go of it.
        scheduler.endSequence("a")
        #expect(scheduler.sequenceCount == 1)
        #expect(scheduler.arrive(Self.step("a"), now: Self.at(1)).outcome == .refused(.unknownSequence))
        scheduler.finished(batch, now: Self.at(2))
        _ = scheduler.letGo(first, now: Self.at(2))
        #expect(scheduler.sequenceCount == 0)

        let second = try ticket(scheduler.arrive(Self.step("b", start: true), now: Self.at(3)))
        let next = try #require(scheduler.take(wasWoken: true, now: Self.at(3)).batch)
        scheduler.finished(next, now: Self.at(3))
        _ = scheduler.letGo(second, now: Self.at(3))
        #expect(scheduler.sequenceCount == 1)
        scheduler.endSequence("b")
        #expect(scheduler.sequenceCount == 0)
    }

    @Test func withoutItsStartASequenceIsBrokenOff() throws {
        var (scheduler, _) = try busy(Self.policy { $0.sequences = SequencePolicy() })
        _ = scheduler.arrive(Self.step("a", start: true), now: Self.at(0))
        let start = scheduler.arrive(
            Self.facts {
                $0.sequence = RequestFacts.SequenceStep(id: "b", isStart: true, isEnd: false)
                $0.deadline = Self.at(50)
            }, now: Self.at(0))
        let followers = try (0..<2).map { _ in try ticket(scheduler.arrive(Self.step("b"), now: Self.at(1))) }
        _ = try ticket(scheduler.arrive(Self.step("a"), now: Self.at(1)))
        let dismissals = scheduler.tick(now: Self.at(50)).dismissals
        #expect(
            dismissals == [Dismissal(ticket: try ticket(start), reason: .expired)]
                + followers.map { Dismissal(ticket: $0, reason: .sequenceBroken) })
        #expect(scheduler.arrive(Self.step("b"), now: Self.at(51)).outcome == .refused(.unknownSequence))
        #expect(scheduler.depth == 2)
    }
}
