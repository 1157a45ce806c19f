@testable import Scheduling
import Tensors

extension Simulation {
    /// A batch goes into the model: checks everything that must hold of it.
    mutating func start(_ batch: Batch, fromLevels: Bool) throws {
        tally.calls += 1
        var records: [Record] = []
        for ticket in batch.tickets {
            guard let record = waiting[ticket.place] else {
                throw Fault(description: "a request was started that doesn't wait: \(ticket)")
            }
            if let deadline = record.facts.deadline, deadline <= now {
                throw Fault(description: "a request was started after its deadline")
            }
            try startInSequence(record, on: batch.instance)
            try leave(ticket.place, record)
            tally.started += 1
            records.append(record)
        }
        if records.count > 1 { tally.joined += records.count }
        try checkJoined(records, batch)
        if fromLevels { try checkTurns(records) }
        running.append(Running(batch: batch, records: records))
        let onInstance = running.count { $0.batch.instance == batch.instance }
        guard onInstance <= policy.concurrency else { throw Fault(description: "\(onInstance) calls on one instance") }
        guard running.count <= scheduler.currentLimit else { throw Fault(description: "\(running.count) calls") }
    }

    private func checkJoined(_ records: [Record], _ batch: Batch) throws {
        let rows = records.reduce(0) { $0 + $1.facts.rows }
        guard rows == batch.rows else { throw Fault(description: "\(rows) rows, said to be \(batch.rows)") }
        guard records.count > 1 else { return }
        guard let batching = policy.batching else { throw Fault(description: "joined without batching") }
        guard rows <= batching.maximumRows else { throw Fault(description: "\(rows) rows in one call") }
        let bytes = records.reduce(0) { $0 + $1.facts.bytes }
        guard bytes <= batching.maximumBytes else { throw Fault(description: "\(bytes) bytes in one call") }
        guard let kind = records[0].facts.kind, records.allSatisfy({ $0.facts.kind == kind && !$0.isReturned }) else {
            throw Fault(description: "requests of different kinds were joined")
        }
    }

    private mutating func startInSequence(_ record: Record, on instance: Int) throws {
        guard let step = record.facts.sequence, policy.sequences != nil, !record.isReturned else { return }
        guard var sequence = sequences[step.id], sequence.waiting.first == record.number else {
            throw Fault(description: "a request of \(step.id) was started out of order")
        }
        guard !sequence.isInModel else { throw Fault(description: "two requests of \(step.id) at the same time") }
        if step.isStart {
            sequence.livingIn = record.life
        } else {
            guard sequence.livingIn == record.life else {
                throw Fault(description: "a request of \(step.id) was started without the start of its sequence")
            }
            guard sequence.instance == instance else {
                throw Fault(description: "\(step.id) went from instance \(sequence.instance) to \(instance)")
            }
        }
        sequence.instance = instance
        sequence.isInModel = true
        sequences[step.id] = sequence
    }

    /// Whose turn it was: lines go in order, no level and no consumer is passed over for ever.
    private mutating func checkTurns(_ records: [Record]) throws {
        for record in records where policy.sequences == nil {
            // Requests of one consumer, level and kind go in the order in which they came.
            let line = ((record.facts.kind ?? 7) * 8 + level(of: record)) * 8 + consumer(of: record)
            guard record.number > lastStarted[line] ?? 0 else {
                throw Fault(description: "request \(record.number) was overtaken by \(lastStarted[line] ?? 0)")
            }
            // A larger one may be left behind for want of room, so only lines of small ones are strict.
            if policy.batching == nil { lastStarted[line] = record.number }
        }
        let led = level(of: records[0])
        for level in passedOver.indices {
            if level == led || scheduler.levels[level].isEmpty {
                passedOver[level] = 0
            } else {
                passedOver[level] += 1
            }
            guard passedOver[level] <= policy.patience + policy.levels else {
                throw Fault(description: "level \(level) was passed over \(passedOver[level]) times")
            }
        }
        guard policy.isFair, policy.levels == 1, policy.sequences == nil else { return }
        for record in records {
            fairness.served(record.facts.consumer, rows: min(record.facts.rows, FairQueue.largestCost))
        }
        try fairness.check(bound: scheduler.levels[0].bound)
    }

    private func level(of record: Record) -> Int {
        let priority = Int(record.facts.priority)
        return priority == 0 ? policy.standardLevel - 1 : min(priority, policy.levels) - 1
    }

    private func consumer(of record: Record) -> Int { policy.isFair ? record.facts.consumer : 0 }

    /// What must hold at every moment.
    mutating func checkQuiet() throws {
        guard scheduler.depth == waitingCount else {
            throw Fault(description: "depth \(scheduler.depth), but \(waitingCount) wait")
        }
        guard scheduler.runningCalls == running.count else { throw Fault(description: "calls are miscounted") }
        if policy.isFair, policy.levels == 1, policy.sequences == nil {
            for consumer in 0..<4 { fairness.waits(consumer, scheduler.levels[0].count(of: consumer) > 0) }
        }
        // Nobody is on the way, and a call is free: then nothing is due, or somebody has been forgotten.
        guard pendingWakes == 0, scheduler.freeCalls > 0, scheduler.linedUp > 0 else { return }
        guard let batching = policy.batching, batching.maximumDelayNanoseconds > 0 else {
            throw Fault(description: "\(scheduler.linedUp) requests wait for a free call")
        }
        guard let alarm = scheduler.alarm(now: now) else { throw Fault(description: "nobody will wake for a batch") }
        guard alarm <= now.advanced(byNanoseconds: batching.maximumDelayNanoseconds) else {
            throw Fault(description: "a batch is held back for too long")
        }
    }

    /// What is too dear to check all the time.
    func checkAll() throws {
        for case let record? in waiting {
            // The alarm is heard before time passes it.
            if let deadline = record.facts.deadline, deadline < now, scheduler.depth > 0 {
                var copy = scheduler
                let effects = copy.tick(now: now)
                guard effects.dismissals.contains(where: { waiting[$0.ticket.place]?.number == record.number }) else {
                    throw Fault(description: "a request waits on after its deadline")
                }
            }
        }
        if let sequences = policy.sequences, scheduler.sequenceCount > sequences.maximum {
            throw Fault(description: "\(scheduler.sequenceCount) sequences")
        }
    }
}

/// What pairs of consumers got while both had something waiting.
struct FairnessWatch {
    private var isWaiting: [Bool]
    private var served: [Int]
    /// By pair: by how much the first was ahead when both began to wait.
    private var start: [[Int]]

    init(consumers: Int) {
        isWaiting = Array(repeating: false, count: consumers)
        served = Array(repeating: 0, count: consumers)
        start = Array(repeating: served, count: consumers)
    }

    mutating func waits(_ consumer: Int, _ waits: Bool) {
        guard waits != isWaiting[consumer] else { return }
        isWaiting[consumer] = waits
        for other in served.indices {
            start[consumer][other] = served[consumer] - served[other]
            start[other][consumer] = served[other] - served[consumer]
        }
    }

    mutating func served(_ consumer: Int, rows: Int) { served[consumer] += rows }

    func check(bound: Int) throws {
        for first in served.indices where isWaiting[first] {
            for second in served.indices where isWaiting[second] {
                let ahead = served[first] - served[second] - start[first][second]
                guard ahead <= bound else {
                    throw Simulation.Fault(
                        description: "consumer \(first) got \(ahead) rows more than \(second), bound \(bound)")
                }
            }
        }
    }
}
