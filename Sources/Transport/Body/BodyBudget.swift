internal import Synchronization

/// How many bytes of request bodies all connections together may hold.
///
/// Counted are bodies that need memory of their own; what came in one read is bounded by the size of a read.
final class BodyBudget: Sendable {
    private let most: Atomic<Int>
    private let used = Atomic<Int>(0)

    init(limit: Int) {
        self.most = Atomic(limit)
    }

    /// A smaller one leaves alone what is held already.
    var limit: Int {
        get { most.load(ordering: .relaxed) }
        set { most.store(newValue, ordering: .relaxed) }
    }

    /// Takes so many bytes; `false` where there are not so many left.
    func reserve(_ count: Int) -> Bool {
        guard count > 0 else { return true }
        let (_, total) = used.add(count, ordering: .relaxed)
        if total <= limit { return true }
        used.subtract(count, ordering: .relaxed)
        return false
    }

    func release(_ count: Int) {
        if count > 0 { used.subtract(count, ordering: .relaxed) }
    }
}
