internal import Tensors

/// The sequences that are under way: whose requests go in order, never two at once, and to one instance.
struct SequenceTable: Sendable {
    struct Record: Sendable {
        var id = ""
        /// Where its state is; -1 before its first request was started.
        var instance = -1
        /// Requests that wait for the one before them.
        var line = EntryList()
        /// Whether one of its requests is in the queue or in the model.
        var isBusy = false
        /// The model hasn't got its state: a start never arrived there.
        var isBroken = false
        /// No request may follow but a start.
        var isClosed = false
        var lastUsed = MonotonicTime(nanoseconds: 0)
    }

    /// Why a request of a sequence isn't let in.
    enum Refusal: Error {
        case unknown
        case tooMany
    }

    private let policy: SequencePolicy
    private var records: [Record] = []
    private var free: [Int32] = []
    private var byID: [String: Int32] = [:]
    /// Sequences by the instance that has their state.
    private(set) var perInstance: [Int]

    init(_ policy: SequencePolicy, instances: Int) {
        self.policy = policy
        perInstance = Array(repeating: 0, count: instances)
    }

    var count: Int { byID.count }

    subscript(_ index: Int32) -> Record {
        _read { yield records[Int(index)] }
        _modify { yield &records[Int(index)] }
    }

    /// The sequence of that id, if it is known.
    func index(of id: String) -> Int32? { byID[id] }

    /// Finds the sequence of a request that comes in, or begins it.
    mutating func enter(_ step: RequestFacts.SequenceStep, now: MonotonicTime) throws(Refusal) -> Int32 {
        var known = byID[step.id]
        if let index = known, isOver(index, now: now) {
            remove(index)
            known = nil
        }
        if let index = known {
            guard step.isStart || !(self[index].isClosed || self[index].isBroken) else { throw .unknown }
            if step.isStart { self[index].isBroken = false }
            self[index].isClosed = step.isEnd
            return index
        }
        guard step.isStart else { throw .unknown }
        if byID.count >= policy.maximum {
            removeIdle(now: now)
            guard byID.count < policy.maximum else { throw .tooMany }
        }
        let index: Int32
        if let reused = free.popLast() {
            index = reused
        } else {
            index = Int32(records.count)
            records.append(Record())
        }
        self[index] = Record(id: step.id, isClosed: step.isEnd, lastUsed: now)
        byID[step.id] = index
        return index
    }

    /// The sequence's state is at that instance from now on.
    mutating func bind(_ index: Int32, to instance: Int) {
        guard self[index].instance < 0 else { return }
        self[index].instance = instance
        perInstance[instance] += 1
    }

    /// None of its requests is known any more: it waits for the next one, or is over.
    mutating func rest(_ index: Int32, now: MonotonicTime) {
        self[index].lastUsed = now
        if self[index].isClosed || self[index].isBroken || self[index].instance < 0 { remove(index) }
    }

    /// No further request will come: the sequence is over once those that there are have been worked on.
    mutating func end(_ id: String) {
        guard let index = byID[id] else { return }
        self[index].isClosed = true
        if !self[index].isBusy, self[index].line.isEmpty { remove(index) }
    }

    private func isOver(_ index: Int32, now: MonotonicTime) -> Bool {
        let record = self[index]
        return !record.isBusy && record.line.isEmpty
            && now.nanoseconds(since: record.lastUsed) >= policy.idleNanoseconds
    }

    private mutating func removeIdle(now: MonotonicTime) {
        for index in Array(byID.values) where isOver(index, now: now) { remove(index) }
    }

    private mutating func remove(_ index: Int32) {
        if self[index].instance >= 0 { perInstance[self[index].instance] -= 1 }
        byID[self[index].id] = nil
        self[index] = Record()
        free.append(index)
    }
}
