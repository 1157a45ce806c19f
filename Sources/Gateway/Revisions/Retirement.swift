internal import Tensors

/// Models that nothing sends to any more, until their plugins have finished what they have.
///
/// A plain state machine: told of the time and of what a look at a model found, it says when to look again and what to
/// log. Looks get rarer; a model is never freed by force.
struct Retirement<Model> {
    /// What is worth a line in the log.
    enum Note: Equatable {
        /// It is freed, after so many nanoseconds.
        case freed(after: UInt64)
        /// It should have been by now.
        case late(after: UInt64)
    }

    fileprivate struct Entry {
        var number: Int
        var model: Model
        var since: MonotonicTime
        var limit: UInt64
        var next: MonotonicTime
        var pause: UInt64
        var isLate = false
    }

    private static var shortestPause: UInt64 { 1_000_000 }
    private static var longestPause: UInt64 { 500_000_000 }

    private var entries: [Entry] = []
    private var added = 0

    /// A model is used no longer.
    ///
    /// - Parameter limit: nanoseconds after which it should be free.
    mutating func add(_ model: Model, limit: UInt64, now: MonotonicTime) {
        added += 1
        entries.append(
            Entry(number: added, model: model, since: now, limit: limit, next: now, pause: Self.shortestPause))
    }

    /// When the next look is due; `nil` where no model is left.
    var nextLook: MonotonicTime? { entries.map(\.next).min() }

    /// Models that are not free yet.
    var models: [Model] { entries.map(\.model) }

    /// A model to look at.
    struct Look {
        /// What `looked` wants.
        var number: Int
        var model: Model
        var isFirst: Bool
    }

    /// Models to look at now.
    func due(now: MonotonicTime) -> [Look] {
        entries.filter { $0.next <= now }.map {
            Look(number: $0.number, model: $0.model, isFirst: $0.pause == Self.shortestPause)
        }
    }

    /// What a look found.
    mutating func looked(at number: Int, isFreed: Bool, now: MonotonicTime) -> Note? {
        guard let index = entries.firstIndex(where: { $0.number == number }) else { return nil }
        let waited = now.nanoseconds(since: entries[index].since)
        if isFreed {
            entries.remove(at: index)
            return .freed(after: waited)
        }
        entries[index].next = now.advanced(byNanoseconds: entries[index].pause)
        entries[index].pause = min(entries[index].pause * 2, Self.longestPause)
        guard waited >= entries[index].limit, !entries[index].isLate else { return nil }
        entries[index].isLate = true
        return .late(after: waited)
    }
}

extension Retirement: Sendable where Model: Sendable {}
extension Retirement.Look: Sendable where Model: Sendable {}
extension Retirement.Entry: Sendable where Model: Sendable {}
