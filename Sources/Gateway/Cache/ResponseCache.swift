internal import Tensors

/// Answers kept by what was asked, and who waits for one that is being worked out.
///
/// A plain state machine. The first of several equal requests leads: it goes to the model, the others wait for its answer.
/// If it fails, the one that has waited longest leads next; so no failure is ever handed to a request that didn't meet it.
struct ResponseCache<Answer: Sendable, Waiter: Sendable>: Sendable {
    /// What a request is to do.
    enum Lookup: Sendable {
        case hit(Answer)
        /// Go to the model, then say how it went.
        case lead
        /// Wait: `store` or `fail` hands it out.
        case wait
    }

    private struct Entry: Sendable {
        var key: CacheKey
        var answer: Answer
        var size: Int
        var storedAt: MonotonicTime
        /// Neighbours by when they were asked for; -1 is none.
        var newer = -1
        var older = -1
    }

    /// Bytes of all answers, at most.
    private let capacity: Int
    private let ageNanoseconds: UInt64
    /// How old answers may become before they are forgotten, where that is more than what they are good for.
    var keptNanoseconds: UInt64 = 0
    private var entries: [Entry?] = []
    private var free: [Int] = []
    private var byKey: [CacheKey: Int] = [:]
    private var newest = -1
    private var oldest = -1
    private var waiters: [CacheKey: [Waiter]] = [:]
    /// Bytes of all answers.
    private(set) var size = 0

    init(capacity: Int, ageNanoseconds: UInt64) {
        self.capacity = capacity
        self.ageNanoseconds = ageNanoseconds
    }

    /// Answers that are kept.
    var count: Int { byKey.count }
    /// Requests that are being worked out.
    var underWay: Int { waiters.count }

    /// A request comes in.
    mutating func lookUp(_ key: CacheKey, _ waiter: Waiter, now: MonotonicTime) -> Lookup {
        if let index = byKey[key], let entry = entries[index] {
            let age = now.nanoseconds(since: entry.storedAt)
            if age < ageNanoseconds {
                unlink(index)
                link(index)
                return .hit(entry.answer)
            }
            if age >= keptNanoseconds { remove(index) }
        }
        if waiters[key] != nil {
            waiters[key]?.append(waiter)
            return .wait
        }
        waiters[key] = []
        return .lead
    }

    /// An answer that may be past what it is good for, and its age; its place in the order of use stays.
    func old(_ key: CacheKey, notOlderThan bound: UInt64, now: MonotonicTime) -> (Answer, ageNanoseconds: UInt64)? {
        guard let index = byKey[key], let entry = entries[index] else { return nil }
        let age = now.nanoseconds(since: entry.storedAt)
        return age <= bound ? (entry.answer, age) : nil
    }

    /// The leading request was answered.
    ///
    /// - Returns: those that waited for it, to be given the same answer.
    mutating func store(_ key: CacheKey, _ answer: Answer, size: Int, now: MonotonicTime) -> [Waiter] {
        let waiting = waiters.removeValue(forKey: key) ?? []
        if let index = byKey[key] { remove(index) }
        guard size <= capacity else { return waiting }
        while self.size + size > capacity, oldest >= 0 { remove(oldest) }
        let entry = Entry(key: key, answer: answer, size: size, storedAt: now)
        let index: Int
        if let reused = free.popLast() {
            index = reused
            entries[index] = entry
        } else {
            index = entries.count
            entries.append(entry)
        }
        byKey[key] = index
        self.size += size
        link(index)
        return waiting
    }

    /// The leading request failed.
    ///
    /// - Returns: who leads next; `nil` where nobody waits.
    mutating func fail(_ key: CacheKey) -> Waiter? {
        guard var waiting = waiters[key], !waiting.isEmpty else {
            waiters[key] = nil
            return nil
        }
        let next = waiting.removeFirst()
        waiters[key] = waiting
        return next
    }

    /// Those that wait no longer leave.
    mutating func leave(_ key: CacheKey, where isGone: (Waiter) -> Bool) {
        waiters[key]?.removeAll(where: isGone)
    }

    /// Forgets all answers; requests under way go on.
    mutating func removeAll() {
        for index in Array(byKey.values) { remove(index) }
    }

    // MARK: The order of use

    private mutating func link(_ index: Int) {
        entries[index]?.older = newest
        entries[index]?.newer = -1
        if newest >= 0 { entries[newest]?.newer = index } else { oldest = index }
        newest = index
    }

    private mutating func unlink(_ index: Int) {
        guard let entry = entries[index] else { return }
        if entry.newer >= 0 { entries[entry.newer]?.older = entry.older } else { newest = entry.older }
        if entry.older >= 0 { entries[entry.older]?.newer = entry.newer } else { oldest = entry.newer }
    }

    private mutating func remove(_ index: Int) {
        guard let entry = entries[index] else { return }
        unlink(index)
        byKey[entry.key] = nil
        size -= entry.size
        entries[index] = nil
        free.append(index)
    }
}
