internal import Tensors

/// Who goes next, with whom, to which copy of the model, and when.
extension Scheduler {
    /// How many calls could be started if there were workers; at most as many as matter.
    mutating func startableCalls(now: MonotonicTime) -> Int {
        var calls = returned.count
        for instance in parked.indices where !parked[instance].isEmpty && hasRoom(instance) { calls += 1 }
        guard linedUp > 0 else { return calls }
        guard let batching = policy.batching else { return calls + linedUp }
        // Whether a call is ready is only looked into where it would be the next one; joined, the others make no more
        // calls than their rows take.
        if calls == 0, let due = nextDue(now: now), due > now { return 0 }
        return calls + (room.waitingRows - heldRows + batching.maximumRows - 1) / batching.maximumRows
    }

    /// When the next call may start: now or earlier, or later where it waits for companions. `nil` where nobody waits.
    mutating func nextDue(now: MonotonicTime) -> MonotonicTime? {
        if !returned.isEmpty { return now }
        for instance in parked.indices where !parked[instance].isEmpty && hasRoom(instance) { return now }
        guard let level = turns.next(occupied: occupiedLevels), let lead = levels[level].front(room) else { return nil }
        guard let batching = policy.batching, batching.maximumDelayNanoseconds > 0, let instance = instance(for: lead)
        else { return now }
        let joined = companions(of: lead, on: instance, batching)
        return due(lead, rows: joined.reduce(room[lead].rows) { $0 + room[$1].rows }, batching)
    }

    private func due(_ lead: Int32, rows: Int, _ batching: BatchingPolicy) -> MonotonicTime {
        let entry = room[lead]
        guard entry.kind != nil, batching.target(for: rows) == nil else { return entry.arrivedAt }
        let isIdle = runningCalls == 0 && room.waitingRows - heldRows <= rows
        return entry.arrivedAt.advanced(
            byNanoseconds: batching.delay(rows: rows, isIdle: isIdle, gap: arrivals.gap))
    }

    /// Levels with something waiting, as bits.
    private var occupiedLevels: UInt64 {
        var bits: UInt64 = 0
        for level in levels.indices where !levels[level].isEmpty { bits |= 1 << UInt64(level) }
        return bits
    }

    // MARK: Choosing

    /// The next call, which is then in the model; `nil` where there is nothing to start now.
    mutating func choose(now: MonotonicTime) -> Batch? {
        if !returned.isEmpty, let instance = freeInstance() {
            let slot = returned.head
            returned.remove(slot, in: &room)
            return start(slot, [], on: instance, now: now)
        }
        for instance in parked.indices where !parked[instance].isEmpty && hasRoom(instance) {
            let slot = parked[instance].head
            parked[instance].remove(slot, in: &room)
            return start(slot, [], on: instance, now: now)
        }
        while let level = turns.next(occupied: occupiedLevels), let lead = levels[level].front(room) {
            guard let instance = instance(for: lead) else {
                guard park(lead) else { return nil }
                continue
            }
            return startBatch(lead, level: level, on: instance, now: now)
        }
        return nil
    }

    private mutating func startBatch(_ lead: Int32, level: Int, on instance: Int, now: MonotonicTime) -> Batch? {
        var joined: [Int32] = []
        if let batching = policy.batching, room[lead].kind != nil {
            joined = companions(of: lead, on: instance, batching)
            let rows = joined.reduce(room[lead].rows) { $0 + room[$1].rows }
            guard due(lead, rows: rows, batching) <= now else { return nil }
            // A call that is due for its size goes with that size; one that has waited long enough, with what there is.
            if let target = batching.target(for: rows), target < rows { trim(&joined, lead: lead, to: target) }
        }
        leaveLevel(lead)
        for slot in joined { leaveLevel(slot) }
        turns.served(level, occupied: occupiedLevels)
        return start(lead, joined, on: instance, now: now)
    }

    /// Takes a request that is started out of its line, and charges its consumer.
    private mutating func leaveLevel(_ slot: Int32) {
        guard case .level(let level, let flow) = room[slot].place else { return }
        levels[level].charge(flow, cost: room[slot].cost)
        levels[level].remove(slot, flow: flow, in: &room)
        linedUp -= 1
    }

    /// The request has had its consumer's turn, but must wait for its instance: it is the next to go there.
    private mutating func park(_ slot: Int32) -> Bool {
        guard room[slot].sequence >= 0, let sequence = sequences?[room[slot].sequence], sequence.instance >= 0
        else { return false }
        leaveLevel(slot)
        parked[sequence.instance].append(slot, in: &room)
        room[slot].place = .parked(instance: sequence.instance)
        return true
    }

    private mutating func start(_ lead: Int32, _ joined: [Int32], on instance: Int, now: MonotonicTime) -> Batch {
        var batch = Batch(
            lead: member(lead), instance: instance, rows: room[lead].rows, startedAt: now, callsAtStart: 0)
        batch.companions.reserveCapacity(joined.count)
        for slot in joined {
            batch.companions.append(member(slot))
            batch.rows += room[slot].rows
            begin(slot, on: instance)
        }
        begin(lead, on: instance)
        started(on: instance)
        batch.callsAtStart = runningCalls
        return batch
    }

    private func member(_ slot: Int32) -> Batch.Member {
        Batch.Member(ticket: room.ticket(slot), arrivedAt: room[slot].arrivedAt)
    }

    /// A request goes into the model. Those of sequences stay known until the model lets go of them.
    private mutating func begin(_ slot: Int32, on instance: Int) {
        room.stopWaiting(slot)
        if room[slot].sequence >= 0 {
            sequences?.bind(room[slot].sequence, to: instance)
        } else {
            room.forget(slot)
        }
    }

    // MARK: Companions

    /// Requests looked at for one call, at most: what lies deeper in a long queue of many kinds has to wait.
    private static let searchLimit = 1024

    /// The requests that go with `lead`: of its kind, by turns from every consumer's line, the lead's level first.
    private func companions(of lead: Int32, on instance: Int, _ batching: BatchingPolicy) -> [Int32] {
        let first = room[lead]
        var found: [Int32] = []
        var rows = first.rows
        var bytes = first.bytes
        var looks = Self.searchLimit
        let own = first.level
        for level in [own] + levels.indices.filter({ $0 != own }) where !levels[level].isEmpty {
            let turns = levels[level].turns()
            var lines = turns.map { (next: levels[level].head(of: $0), credit: levels[level].credit(of: $0)) }
            while !lines.isEmpty {
                for index in lines.indices {
                    var match: Int32?
                    while lines[index].next >= 0, match == nil {
                        guard rows < batching.maximumRows, looks > 0 else { return found }
                        looks -= 1
                        let slot = lines[index].next
                        let entry = room[slot]
                        lines[index].next = entry.next
                        if slot != lead, entry.kind == first.kind, rows + entry.rows <= batching.maximumRows,
                            bytes + entry.bytes <= batching.maximumBytes, lines[index].credit >= entry.cost,
                            mayJoin(entry, on: instance)
                        {
                            match = slot
                            rows += entry.rows
                            bytes += entry.bytes
                            if lines[index].credit < .max { lines[index].credit -= entry.cost }
                        }
                    }
                    if let match { found.append(match) }
                }
                lines.removeAll { $0.next < 0 }
            }
        }
        return found
    }

    /// Whether a request may go to that instance.
    private func mayJoin(_ entry: WaitingRoom.Entry, on instance: Int) -> Bool {
        guard entry.sequence >= 0, let bound = sequences?[entry.sequence].instance, bound >= 0 else { return true }
        return bound == instance
    }

    /// Leaves out companions from the end on until the call has at most `target` rows.
    private func trim(_ joined: inout [Int32], lead: Int32, to target: Int) {
        var rows = joined.reduce(room[lead].rows) { $0 + room[$1].rows }
        while rows > target, let last = joined.popLast() { rows -= room[last].rows }
    }

    // MARK: Instances

    private func hasRoom(_ instance: Int) -> Bool { calls[instance] < policy.concurrency }

    /// The instance with the fewest calls, if any has room.
    private func freeInstance() -> Int? {
        guard policy.instances > 1 else { return hasRoom(0) ? 0 : nil }
        var best: Int?
        for instance in calls.indices where hasRoom(instance) && !isDown[instance] {
            if best.map({ calls[instance] < calls[$0] }) ?? true { best = instance }
        }
        return best
    }

    /// The instance that a request goes to; `nil` where it has to wait for one.
    private func instance(for slot: Int32) -> Int? {
        guard room[slot].sequence >= 0, let table = sequences else { return freeInstance() }
        let bound = table[room[slot].sequence].instance
        guard bound < 0 else { return hasRoom(bound) ? bound : nil }
        // A new sequence goes where the fewest are.
        var best: Int?
        for instance in calls.indices where hasRoom(instance) && !isDown[instance] {
            if best.map({ table.perInstance[instance] < table.perInstance[$0] }) ?? true { best = instance }
        }
        return best
    }
}
