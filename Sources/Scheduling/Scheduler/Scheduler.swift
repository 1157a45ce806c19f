package import Tensors

/// The requests of one model: who waits, who goes next, with whom, and to which copy of the model.
///
/// A plain state machine. It is told what happened and what time it is, and says what to do; whoever owns it keeps it
/// under a lock and acts outside of that. It knows requests by tickets, never what they ask. Workers ask for work by
/// `take`; the scheduler says how many of them to wake. A request is, one after the other:
///
///     refused, or waiting ─► in a batch ─► finished
///                  └─► dismissed (expired, displaced) or cancelled
///
/// Who goes next, and with whom, is in `Scheduler+Choice`; requests of sequences are in `Scheduler+Sequences`.
package struct Scheduler: Sendable {
    package let policy: SchedulerPolicy
    var room = WaitingRoom()
    /// Requests that may go, by priority.
    var levels: [FairQueue]
    var turns: PriorityTurns
    /// Requests in them.
    var linedUp = 0
    /// Requests that came back from a call and go alone, before all others.
    var returned = EntryList()
    /// By instance: requests that were chosen, but whose instance is busy.
    var parked: [EntryList]
    var sequences: SequenceTable?
    /// Rows of requests in the lines of sequences.
    var heldRows = 0
    private var deadlines = DeadlineHeap()
    /// Calls by instance.
    var calls: [Int]
    private(set) var runningCalls = 0
    /// Instances that can't answer at the moment: nothing goes there while others can.
    private(set) var isDown: [Bool]
    /// Workers that were woken and have not asked yet.
    private(set) var wakesUnderWay = 0
    private var limit: ConcurrencyLimit?
    private var drain = DrainRate()
    var arrivals = ArrivalRate()
    private(set) var isShutDown = false

    package init(_ policy: SchedulerPolicy) {
        precondition(policy.capacity >= 0 && policy.instances >= 1 && policy.concurrency >= 1 && policy.levels >= 1)
        self.policy = policy
        levels = Array(
            repeating: FairQueue(largestCall: policy.batching?.maximumRows ?? 1), count: policy.levels)
        turns = PriorityTurns(levels: policy.levels, patience: policy.patience)
        parked = Array(repeating: EntryList(), count: policy.instances)
        sequences = policy.sequences.map { SequenceTable($0, instances: policy.instances) }
        calls = Array(repeating: 0, count: policy.instances)
        isDown = Array(repeating: false, count: policy.instances)
        if policy.isAdaptive { limit = ConcurrencyLimit(maximum: policy.maximumCalls) }
    }

    /// Requests that wait now.
    package var depth: Int { room.waitingCount }
    /// Calls that may be in the model at the same time, as things are.
    package var currentLimit: Int { limit?.current ?? policy.maximumCalls }
    /// Sequences that are under way.
    package var sequenceCount: Int { sequences?.count ?? 0 }
    /// Calls that could be started now.
    var freeCalls: Int {
        let free = max(0, currentLimit - runningCalls)
        guard isDown.contains(true) else { return free }
        return min(free, isDown.indices.reduce(0) { $0 + (isDown[$1] ? 0 : policy.concurrency - calls[$1]) })
    }

    // MARK: What happens

    /// A request comes in.
    package mutating func arrive(_ facts: RequestFacts, now: MonotonicTime) -> Arrival {
        var effects = Effects()
        expire(now: now, &effects)
        if isShutDown { return Arrival(outcome: .refused(.shuttingDown), effects: effects) }
        if let deadline = facts.deadline, deadline <= now {
            return Arrival(outcome: .refused(.expired), effects: effects)
        }
        let consumer = policy.isFair ? facts.consumer : 0
        var displaced: Int32?
        if depth >= policy.capacity + freeCalls {
            guard let slot = placeToTake(for: consumer, sequence: facts.sequence?.id) else {
                let wait = drain.wait(for: depth, now: now)
                let isOverShare = policy.isFair && isSharedQueue(with: consumer)
                return Arrival(
                    outcome: .refused(
                        isOverShare ? .overShare(retryAfterNanoseconds: wait) : .full(retryAfterNanoseconds: wait)),
                    effects: effects)
            }
            displaced = slot
        }
        var sequence: Int32 = -1
        if let step = facts.sequence, sequences != nil {
            do throws(SequenceTable.Refusal) {
                sequence = try sequences?.enter(step, now: now) ?? -1
            } catch {
                return Arrival(
                    outcome: .refused(error == .unknown ? .unknownSequence : .tooManySequences), effects: effects)
            }
        }
        if let displaced {
            let wait = drain.wait(for: depth, now: now)
            dismiss(displaced, .displaced(retryAfterNanoseconds: wait), now: now, &effects)
        }
        var admitted = facts
        admitted.consumer = consumer
        let slot = room.admit(admitted, level: level(of: facts.priority), sequence: sequence, now: now)
        arrivals.arrived(rows: facts.rows, now: now)
        if let deadline = facts.deadline { deadlines.insert(room.ticket(slot), deadline: deadline) }
        line(up: slot)
        wake(now: now, &effects)
        return Arrival(outcome: .admitted(room.ticket(slot)), effects: effects)
    }

    /// A request whose call failed for others' sake comes back, to go alone and before all others; never refused but at
    /// the end of all things. It keeps nothing of its first ticket.
    package mutating func comeBack(_ facts: RequestFacts, now: MonotonicTime) -> Arrival {
        var effects = Effects()
        if isShutDown { return Arrival(outcome: .refused(.shuttingDown), effects: effects) }
        if let deadline = facts.deadline, deadline <= now {
            return Arrival(outcome: .refused(.expired), effects: effects)
        }
        var alone = facts
        alone.kind = nil
        alone.sequence = nil
        let slot = room.admit(alone, level: level(of: facts.priority), sequence: -1, now: now)
        if let deadline = facts.deadline { deadlines.insert(room.ticket(slot), deadline: deadline) }
        room[slot].place = .returned
        returned.append(slot, in: &room)
        wake(now: now, &effects)
        return Arrival(outcome: .admitted(room.ticket(slot)), effects: effects)
    }

    /// A worker asks for work.
    ///
    /// - Parameter wasWoken: whether it does so because the scheduler had it woken.
    package mutating func take(wasWoken: Bool, now: MonotonicTime) -> Take {
        if wasWoken { wakesUnderWay = max(0, wakesUnderWay - 1) }
        var take = Take()
        expire(now: now, &take.effects)
        if freeCalls > 0, let batch = choose(now: now) {
            take.batch = batch
            drain.left(batch.count, now: now)
        }
        wake(now: now, &take.effects)
        return take
    }

    /// Which instances can answer at the moment; told before a worker asks.
    package mutating func instances(areReady: [Bool]) {
        let anyReady = areReady.contains(true)
        // Where none can, failing at once is better than waiting for nobody knows what.
        for index in isDown.indices { isDown[index] = anyReady && !areReady[index] }
    }

    /// A batch is in the model from now on; told by `choose`.
    mutating func started(on instance: Int) {
        calls[instance] += 1
        runningCalls += 1
    }

    /// The call of a batch has returned. The worker asks for more at once, so nobody is woken for it.
    package mutating func finished(_ batch: Batch, now: MonotonicTime) {
        calls[batch.instance] -= 1
        runningCalls -= 1
        limit?.ended(
            after: now.nanoseconds(since: batch.startedAt), rows: batch.rows, inFlight: batch.callsAtStart)
    }

    /// Whoever sent the requests of a sequence has gone: nothing further comes.
    package mutating func endSequence(_ id: String) {
        sequences?.end(id)
    }

    /// The model has let go of a request; needed for those of sequences only.
    package mutating func letGo(_ ticket: Ticket, now: MonotonicTime) -> Effects {
        var effects = Effects()
        guard let slot = room.slot(of: ticket), room[slot].place == .running else { return effects }
        let sequence = room[slot].sequence
        room.forget(slot)
        if sequence >= 0 { advance(sequence, now: now) }
        wake(now: now, &effects)
        return effects
    }

    /// The caller of a request has gone.
    ///
    /// - Returns: whether it waited until now: it will not be started. And what to do for others' sake.
    package mutating func cancel(_ ticket: Ticket, now: MonotonicTime) -> (wasWaiting: Bool, effects: Effects) {
        var effects = Effects()
        guard let slot = room.slot(of: ticket), room[slot].place != .running else { return (false, effects) }
        dismiss(slot, nil, now: now, &effects)
        wake(now: now, &effects)
        return (true, effects)
    }

    /// Time has passed: see `alarm`.
    package mutating func tick(now: MonotonicTime) -> Effects {
        var effects = Effects()
        expire(now: now, &effects)
        wake(now: now, &effects)
        return effects
    }

    /// The service ends.
    ///
    /// - Returns: everything that waits, to be refused. What is in the model goes on.
    package mutating func shutDown(now: MonotonicTime) -> [Ticket] {
        isShutDown = true
        var left: [Ticket] = []
        for index in room.entries.indices {
            let slot = Int32(index)
            switch room[slot].place {
            case .nowhere, .running: continue
            case .level, .sequence, .parked, .returned:
                left.append(room.ticket(slot))
                leaveLine(slot)
                room.stopWaiting(slot)
                room.forget(slot)
            }
        }
        return left
    }

    /// When `tick` is to be called, if nothing happens before; `nil` is never.
    package mutating func alarm(now: MonotonicTime) -> MonotonicTime? {
        let room = room
        deadlines.clean(waiting: depth) { ticket in
            room.slot(of: ticket).map { room[$0].place != .running } ?? false
        }
        // What is due already needs no alarm: a worker is on the way for it.
        guard policy.batching != nil, freeCalls > 0, let due = nextDue(now: now), due > now else {
            return deadlines.earliest
        }
        return min(due, deadlines.earliest ?? due)
    }

    // MARK: How

    private func level(of priority: UInt32) -> Int {
        priority == 0 ? policy.standardLevel - 1 : min(Int(clamping: priority), policy.levels) - 1
    }

    /// Puts a request where it may be chosen, or behind the one before it in its sequence.
    mutating func line(up slot: Int32) {
        let sequence = room[slot].sequence
        if sequence >= 0, holdBack(slot, in: sequence) { return }
        let level = room[slot].level
        let flow = levels[level].append(slot, in: &room)
        room[slot].place = .level(level, flow: flow)
        linedUp += 1
    }

    /// Takes a waiting request out of whatever list it is in.
    mutating func leaveLine(_ slot: Int32) {
        switch room[slot].place {
        case .level(let level, let flow):
            levels[level].remove(slot, flow: flow, in: &room)
            linedUp -= 1
        case .parked(let instance): parked[instance].remove(slot, in: &room)
        case .returned: returned.remove(slot, in: &room)
        case .sequence: leaveSequenceLine(slot)
        case .nowhere, .running: break
        }
    }

    /// A waiting request won't be started. Without a reason its caller has been answered already.
    mutating func dismiss(
        _ slot: Int32, _ reason: Dismissal.Reason?, now: MonotonicTime, _ effects: inout Effects
    ) {
        let (sequence, isStart) = (room[slot].sequence, room[slot].isStart)
        let isHead = room[slot].place != .sequence
        let follower = sequence < 0 ? -1 : isHead ? sequences?[sequence].line.head ?? -1 : room[slot].next
        leaveLine(slot)
        if let reason { effects.dismissals.append(Dismissal(ticket: room.ticket(slot), reason: reason)) }
        room.stopWaiting(slot)
        room.forget(slot)
        guard sequence >= 0 else { return }
        if isStart { breakOff(sequence, from: follower, &effects) }
        if isHead { advance(sequence, now: now) }
    }

    private mutating func expire(now: MonotonicTime, _ effects: inout Effects) {
        while let ticket = deadlines.popExpired(now: now) {
            guard let slot = room.slot(of: ticket), room[slot].place != .running else { continue }
            dismiss(slot, .expired, now: now, &effects)
        }
    }

    /// Has a worker woken, if there is something that it could start and nobody is on the way for it.
    private mutating func wake(now: MonotonicTime, _ effects: inout Effects) {
        guard freeCalls > wakesUnderWay, startableCalls(now: now) > wakesUnderWay else { return }
        wakesUnderWay += 1
        effects.wakes += 1
    }

    // MARK: A full queue

    /// Whether others than this consumer wait too.
    private func isSharedQueue(with consumer: Int) -> Bool {
        let own = levels.reduce(0) { $0 + $1.count(of: consumer) }
        return own > 0 && own < linedUp
    }

    /// The request that gives its place to one of a consumer with less than its share: the last one of whoever has the
    /// most waiting. `nil` where the consumer has its share.
    private func placeToTake(for consumer: Int, sequence: String?) -> Int32? {
        guard policy.isFair else { return nil }
        var active = 0
        var own = 0
        for level in levels {
            active += level.activeFlows
            own += level.count(of: consumer)
        }
        // Where everybody has no more than an even share, nobody has one too many: no need to look.
        guard (own + 1) * max(1, active) < depth + max(1, active) else { return nil }
        var longest: (slot: Int32, count: Int)?
        for level in levels.reversed() {
            guard let end = level.endOfLongest(), end.count > longest?.count ?? 0 else { continue }
            longest = end
        }
        guard let longest, longest.count > own + 1, room[longest.slot].consumer != consumer else { return nil }
        // Nobody takes the place of one that it follows.
        if let sequence, let known = sequences?.index(of: sequence), room[longest.slot].sequence == known { return nil }
        return longest.slot
    }
}
