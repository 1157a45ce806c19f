internal import Tensors

/// The requests that a scheduler knows of, in places that are used again, each a member of at most one list.
struct WaitingRoom: Sendable {
    /// Where a request is.
    enum Place: Sendable, Equatable {
        case nowhere
        /// Among those of its level, in a consumer's line.
        case level(Int, flow: Int32)
        /// Behind another request of its sequence.
        case sequence
        /// Chosen, but the instance that it must go to is busy.
        case parked(instance: Int)
        /// Back from a call that failed for others' sake; next to go.
        case returned
        /// In the model.
        case running
    }

    struct Entry: Sendable {
        var generation: UInt32 = 0
        var place = Place.nowhere
        var next: Int32 = -1
        var previous: Int32 = -1
        var arrivedAt = MonotonicTime(nanoseconds: 0)
        var rows = 1
        var bytes = 0
        var kind: Int?
        var level = 0
        var consumer = 0
        var deadline: MonotonicTime?
        var sequence: Int32 = -1
        var isStart = false
        var isEnd = false

        /// What its consumer is charged for it; bounded, so that the round goes on.
        var cost: Int { min(rows, FairQueue.largestCost) }
    }

    private(set) var entries: [Entry] = []
    private var free: [Int32] = []
    /// Requests that wait, in whatever list.
    private(set) var waitingCount = 0
    /// Their rows.
    private(set) var waitingRows = 0

    subscript(_ slot: Int32) -> Entry {
        _read { yield entries[Int(slot)] }
        _modify { yield &entries[Int(slot)] }
    }

    /// Takes in a request that waits.
    mutating func admit(_ facts: RequestFacts, level: Int, sequence: Int32, now: MonotonicTime) -> Int32 {
        let slot: Int32
        if let reused = free.popLast() {
            slot = reused
        } else {
            slot = Int32(entries.count)
            entries.append(Entry())
        }
        let generation = entries[Int(slot)].generation
        entries[Int(slot)] = Entry(
            generation: generation, arrivedAt: now, rows: max(1, facts.rows), bytes: facts.bytes, kind: facts.kind,
            level: level, consumer: facts.consumer, deadline: facts.deadline, sequence: sequence,
            isStart: facts.sequence?.isStart ?? false, isEnd: facts.sequence?.isEnd ?? false)
        waitingCount += 1
        waitingRows += max(1, facts.rows)
        return slot
    }

    /// The request waits no longer: it is in the model, or about to be forgotten. It must be in no list.
    mutating func stopWaiting(_ slot: Int32) {
        waitingCount -= 1
        waitingRows -= self[slot].rows
        self[slot].place = .running
    }

    /// Forgets a request that waits no longer.
    mutating func forget(_ slot: Int32) {
        self[slot].place = .nowhere
        self[slot].generation &+= 1
        free.append(slot)
    }

    func ticket(_ slot: Int32) -> Ticket { Ticket(slot: slot, generation: self[slot].generation) }

    /// The slot of a ticket whose request is still known.
    func slot(of ticket: Ticket) -> Int32? {
        guard ticket.slot >= 0, Int(ticket.slot) < entries.count, self[ticket.slot].generation == ticket.generation,
            self[ticket.slot].place != .nowhere
        else { return nil }
        return ticket.slot
    }
}

/// A first-in-first-out list of requests in a waiting room; any member leaves it in constant time.
struct EntryList: Sendable {
    private(set) var head: Int32 = -1
    private var tail: Int32 = -1
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    mutating func append(_ slot: Int32, in room: inout WaitingRoom) {
        room[slot].previous = tail
        room[slot].next = -1
        if tail >= 0 { room[tail].next = slot } else { head = slot }
        tail = slot
        count += 1
    }

    mutating func remove(_ slot: Int32, in room: inout WaitingRoom) {
        let (previous, next) = (room[slot].previous, room[slot].next)
        if previous >= 0 { room[previous].next = next } else { head = next }
        if next >= 0 { room[next].previous = previous } else { tail = previous }
        room[slot].previous = -1
        room[slot].next = -1
        count -= 1
    }

    /// The member that came last; -1 where there is none.
    var last: Int32 { tail }
}
