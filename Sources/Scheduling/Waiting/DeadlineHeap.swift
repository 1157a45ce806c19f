internal import Tensors

/// Deadlines of waiting requests, the earliest first. Requests that leave early are found out when their time comes.
struct DeadlineHeap: Sendable {
    private struct Item: Sendable {
        var deadline: MonotonicTime
        var ticket: Ticket
    }

    private var items: [Item] = []

    var count: Int { items.count }
    /// The earliest deadline.
    var earliest: MonotonicTime? { items.first?.deadline }

    mutating func insert(_ ticket: Ticket, deadline: MonotonicTime) {
        items.append(Item(deadline: deadline, ticket: ticket))
        var child = items.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard items[child].deadline < items[parent].deadline else { break }
            items.swapAt(child, parent)
            child = parent
        }
    }

    /// Takes out the earliest, if it has come.
    mutating func popExpired(now: MonotonicTime) -> Ticket? {
        guard let first = items.first, first.deadline <= now else { return nil }
        return popFirst(first)
    }

    /// Forgets those at the front that `isWaiting` no longer knows, so that nobody is woken for them; and all such once
    /// they are the most.
    mutating func clean(waiting: Int, isWaiting: (Ticket) -> Bool) {
        while let first = items.first, !isWaiting(first.ticket) { _ = popFirst(first) }
        guard items.count > 64, items.count > 2 * waiting else { return }
        let kept = items.filter { isWaiting($0.ticket) }
        items.removeAll(keepingCapacity: true)
        for item in kept { insert(item.ticket, deadline: item.deadline) }
    }

    private mutating func popFirst(_ first: Item) -> Ticket {
        let last = items.removeLast()
        guard !items.isEmpty else { return first.ticket }
        items[0] = last
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < items.count else { break }
            if child + 1 < items.count, items[child + 1].deadline < items[child].deadline { child += 1 }
            guard items[child].deadline < items[parent].deadline else { break }
            items.swapAt(child, parent)
            parent = child
        }
        return first.ticket
    }
}
