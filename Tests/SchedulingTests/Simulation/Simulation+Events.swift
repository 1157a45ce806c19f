@testable import Scheduling
import Tensors

extension Simulation {
    mutating func arrive() throws {
        try pass(nanoseconds: UInt64(random.pick(500)))
        tally.arrived += 1
        numbers += 1
        var record = Record(number: numbers, facts: facts(), arrivedAt: now)
        let couldWait = waitingCount < policy.capacity + scheduler.freeCalls
        let arrival = scheduler.arrive(record.facts, now: now)
        try apply(arrival.effects)
        switch arrival.outcome {
        case .admitted(let ticket):
            if let step = record.facts.sequence, policy.sequences != nil {
                var sequence = sequences[step.id] ?? Sequence()
                if step.isStart { sequence.lives += 1 }
                record.life = sequence.lives
                sequence.waiting.append(record.number)
                sequences[step.id] = sequence
            }
            try admit(record, ticket)
        case .refused(let refusal):
            tally.refused += 1
            try check(refusal, of: record, couldWait: couldWait)
        }
    }

    private func check(_ refusal: Refusal, of record: Record, couldWait: Bool) throws {
        switch refusal {
        case .full(let wait), .overShare(let wait):
            guard !couldWait else { throw Fault(description: "refused as full with \(waitingCount) waiting") }
            guard (1_000_000_000...60_000_000_000).contains(wait) else {
                throw Fault(description: "told to wait for \(wait) ns")
            }
        case .expired:
            guard let deadline = record.facts.deadline, deadline <= now else {
                throw Fault(description: "refused as expired before its deadline")
            }
        case .unknownSequence:
            guard record.facts.sequence?.isStart == false else { throw Fault(description: "a start was unknown") }
        case .tooManySequences:
            guard record.facts.sequence?.isStart == true else { throw Fault(description: "no start, but one too many") }
        case .shuttingDown:
            guard scheduler.isShutDown else { throw Fault(description: "refused as shut down") }
        }
    }

    private mutating func facts() -> RequestFacts {
        var facts = RequestFacts()
        facts.rows = random.happens(1, in: 50) ? 1 + random.pick(300) : 1 + random.pick(4)
        facts.bytes = random.pick(80)
        facts.kind = random.happens(1, in: 8) ? nil : random.pick(2)
        facts.priority = UInt32(random.pick(policy.levels + 2))
        // One of four consumers is noisy.
        facts.consumer = random.happens(1, in: 2) ? 0 : random.pick(4)
        if random.happens(1, in: 2) {
            facts.deadline = now.advanced(byNanoseconds: UInt64(random.pick(60_000)))
        }
        if policy.sequences != nil, random.happens(1, in: 2) {
            facts.sequence = RequestFacts.SequenceStep(
                id: "s\(random.pick(10))", isStart: random.happens(1, in: 3), isEnd: random.happens(1, in: 4))
        }
        return facts
    }

    private mutating func admit(_ record: Record, _ ticket: Ticket) throws {
        while waiting.count <= ticket.place { waiting.append(nil) }
        guard waiting[ticket.place] == nil else { throw Fault(description: "two requests with one ticket") }
        waiting[ticket.place] = record
        waitingCount += 1
    }

    /// Time passes, and the alarm is heard if it rings.
    mutating func pass(nanoseconds: UInt64) throws {
        let end = now.advanced(byNanoseconds: nanoseconds)
        while let alarm = scheduler.alarm(now: now), alarm <= end {
            now = max(now, alarm)
            try apply(scheduler.tick(now: now))
            if let again = scheduler.alarm(now: now), again <= now {
                throw Fault(description: "the alarm rings without end")
            }
        }
        now = end
    }

    /// A worker asks for work.
    mutating func ask(wasWoken: Bool) throws {
        if wasWoken { pendingWakes -= 1 }
        let before = (lined: scheduler.levels.map(\.count), isReturned: !scheduler.returned.isEmpty)
        let parked = scheduler.parked.reduce(0) { $0 + $1.count }
        let take = scheduler.take(wasWoken: wasWoken, now: now)
        try apply(take.effects)
        guard let batch = take.batch else { return }
        let wasParked = scheduler.parked.reduce(0) { $0 + $1.count } < parked
        try start(batch, fromLevels: !before.isReturned && !wasParked)
    }

    /// A call returns; its worker asks again at once.
    mutating func finish(_ index: Int) throws {
        let call = running.remove(at: index)
        scheduler.finished(call.batch, now: now)
        for (ticket, record) in zip(call.batch.tickets, call.records) {
            if let step = record.facts.sequence, policy.sequences != nil, !record.isReturned {
                lingering.append((ticket, step.id))
            }
        }
        // One bad request spoilt the call: all of them go again, each by itself.
        if call.records.count > 1, random.happens(1, in: 6) {
            for var record in call.records where record.facts.sequence == nil || policy.sequences == nil {
                record.isReturned = true
                let arrival = scheduler.comeBack(record.facts, now: now)
                try apply(arrival.effects)
                guard case .admitted(let ticket) = arrival.outcome else { continue }
                tally.returned += 1
                try admit(record, ticket)
            }
        }
        try ask(wasWoken: false)
    }

    mutating func letGo(_ index: Int) throws {
        let (ticket, id) = lingering.remove(at: index)
        sequences[id]?.isInModel = false
        try apply(scheduler.letGo(ticket, now: now))
    }

    mutating func cancel() throws {
        guard !waiting.isEmpty else { return }
        let place = random.pick(waiting.count)
        guard let record = waiting[place] else { return }
        let ticket = scheduler.room.ticket(Int32(place))
        let (wasWaiting, effects) = scheduler.cancel(ticket, now: now)
        guard wasWaiting else { throw Fault(description: "a waiting request can't be cancelled") }
        tally.cancelled += 1
        try leave(place, record)
        try apply(effects)
        guard !scheduler.cancel(ticket, now: now).wasWaiting else { throw Fault(description: "cancelled twice") }
    }

    mutating func shutDown() throws {
        for ticket in scheduler.shutDown(now: now) {
            guard let record = waiting[ticket.place] else { throw Fault(description: "an unknown one was left") }
            tally.leftAtEnd += 1
            try leave(ticket.place, record)
        }
        guard waitingCount == 0 else { throw Fault(description: "\(waitingCount) requests were lost at the end") }
        guard scheduler.arrive(RequestFacts(), now: now).outcome == .refused(.shuttingDown) else {
            throw Fault(description: "a request was let in after the end")
        }
    }

    /// A request waits no longer.
    mutating func leave(_ place: Int, _ record: Record) throws {
        waiting[place] = nil
        waitingCount -= 1
        guard let id = record.facts.sequence?.id, policy.sequences != nil, !record.isReturned else { return }
        sequences[id]?.waiting.removeAll { $0 == record.number }
    }

    private mutating func apply(_ effects: Effects) throws {
        pendingWakes += effects.wakes
        for dismissal in effects.dismissals {
            guard let record = waiting[dismissal.ticket.place] else {
                throw Fault(description: "a request was dismissed that doesn't wait: \(dismissal)")
            }
            switch dismissal.reason {
            case .expired:
                tally.expired += 1
                guard let deadline = record.facts.deadline, deadline <= now else {
                    throw Fault(description: "expired before its deadline")
                }
            case .displaced:
                tally.displaced += 1
                guard policy.isFair else { throw Fault(description: "displaced without fairness") }
            case .sequenceBroken:
                tally.broken += 1
                guard record.facts.sequence?.isStart == false else {
                    throw Fault(description: "a start was broken off")
                }
            }
            try leave(dismissal.ticket.place, record)
        }
    }
}
