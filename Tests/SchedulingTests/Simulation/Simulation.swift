@testable import Scheduling
import Tensors
import Testing

/// One scheduler under random traffic with random faults, watched by a model of its own of what it must do.
///
/// Time and workers are simulated: whatever can happen next happens in random order, as threads would have it.
struct Simulation {
    /// What the watcher knows of a request.
    struct Record {
        var number: Int
        var facts: RequestFacts
        var arrivedAt: MonotonicTime
        var isReturned = false
        /// Which life of its sequence it belongs to: each start begins one.
        var life = 0
    }

    struct Running {
        var batch: Batch
        var records: [Record]
    }

    struct Sequence {
        /// Requests that were let in and have not been started, in order.
        var waiting: [Int] = []
        var isInModel = false
        var instance = -1
        var lives = 0
        /// The life whose start reached the model.
        var livingIn = -1
    }

    /// How many requests of each fate there were.
    struct Tally {
        var arrived = 0
        var refused = 0
        var started = 0
        var expired = 0
        var displaced = 0
        var broken = 0
        var cancelled = 0
        var returned = 0
        var leftAtEnd = 0
        var calls = 0
        var joined = 0

        static func + (left: Tally, right: Tally) -> Tally {
            var sum = left
            sum.arrived += right.arrived
            sum.refused += right.refused
            sum.started += right.started
            sum.expired += right.expired
            sum.displaced += right.displaced
            sum.broken += right.broken
            sum.cancelled += right.cancelled
            sum.returned += right.returned
            sum.leftAtEnd += right.leftAtEnd
            sum.calls += right.calls
            sum.joined += right.joined
            return sum
        }
    }

    /// What is wrong; the first fault ends the run.
    struct Fault: Error, CustomStringConvertible {
        var description: String
    }

    var random: SeededGenerator
    let policy: SchedulerPolicy
    var scheduler: Scheduler
    var now = MonotonicTime(nanoseconds: 1_000_000_000)
    var tally = Tally()
    var numbers = 0
    /// By the tickets' places.
    var waiting: [Record?] = []
    var waitingCount = 0
    var running: [Running] = []
    /// Requests of sequences that the model has answered but not let go of.
    var lingering: [(Ticket, String)] = []
    var pendingWakes = 0
    var sequences: [String: Sequence] = [:]
    var fairness: FairnessWatch
    /// Calls in a row that passed a level over.
    var passedOver: [Int]
    /// The last request started of each line, to see that lines go in order.
    var lastStarted: [Int: Int] = [:]

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        policy = Self.policy(&random)
        scheduler = Scheduler(policy)
        fairness = FairnessWatch(consumers: 4)
        passedOver = Array(repeating: 0, count: policy.levels)
    }

    private static func policy(_ random: inout SeededGenerator) -> SchedulerPolicy {
        var policy = SchedulerPolicy()
        policy.capacity = [0, 1, 8, 40, 200][random.pick(5)]
        policy.instances = 1 + random.pick(3)
        policy.concurrency = 1 + random.pick(3)
        policy.levels = random.happens(1, in: 2) ? 1 : 1 + random.pick(4)
        policy.standardLevel = 1 + random.pick(policy.levels)
        policy.patience = 1 + random.pick(8)
        policy.isFair = random.happens(2, in: 3)
        policy.isAdaptive = random.happens(1, in: 4)
        if random.happens(1, in: 3) {
            policy.sequences = SequencePolicy(maximum: 1 + random.pick(8), idleNanoseconds: 500_000)
        }
        if random.happens(2, in: 3) {
            let rows = [1, 4, 16, 100][random.pick(4)]
            policy.batching = BatchingPolicy(
                maximumRows: rows, maximumBytes: random.happens(1, in: 3) ? 200 : 1 << 20,
                preferredRows: random.happens(1, in: 3) ? [2, 8, 50].filter { $0 <= rows } : [],
                maximumDelayNanoseconds: random.happens(1, in: 2) ? 0 : 20_000, isAdaptive: random.happens(1, in: 2))
        }
        return policy
    }

    /// Lets so many requests arrive and everything happen to them that can; then ends, by draining or at once.
    mutating func run(requests: Int) throws {
        var rush = 8
        while tally.arrived < requests {
            if random.happens(1, in: 100) { rush = 1 + random.pick(15) }
            try step(arrivals: rush)
        }
        if random.happens(1, in: 2) { try shutDown() }
        var steps = 0
        while waitingCount > 0 || !running.isEmpty || !lingering.isEmpty {
            try step(arrivals: 0)
            steps += 1
            guard steps < 1_000_000 else {
                throw Fault(description: "\(waitingCount) requests wait for ever, \(running.count) calls run")
            }
        }
        guard scheduler.depth == 0, scheduler.runningCalls == 0 else {
            throw Fault(description: "the scheduler keeps \(scheduler.depth) requests, \(scheduler.runningCalls) calls")
        }
    }

    private mutating func step(arrivals: Int) throws {
        let choice = random.pick(16)
        if choice < arrivals {
            try arrive()
        } else {
            switch random.pick(10) {
            case 0...1: try pass(nanoseconds: UInt64(random.pick(4_000)))
            case 2: try pass(nanoseconds: UInt64(random.pick(100_000)))
            case 3...4: if pendingWakes > 0 { try ask(wasWoken: true) }
            case 5...7: if !running.isEmpty { try finish(random.pick(running.count)) }
            case 8: if !lingering.isEmpty { try letGo(random.pick(lingering.count)) }
            default: if random.happens(1, in: 4) { try cancel() }
            }
        }
        if random.happens(1, in: 64) { try checkAll() }
        try checkQuiet()
    }
}
