internal import Synchronization

/// A lock that lies in what it guards: one that lies elsewhere is a further line that has to come from memory.
///
/// ThreadSanitizer doesn't see the standard library's mutex. It sees the order of the loads and stores beside it, which cost
/// no more than any others.
struct QuotaLock: ~Copyable, Sendable {
    private let mutex = Mutex<Void>(())
    private let order = Atomic<Bool>(false)

    borrowing func withLock<Result: Sendable>(_ work: () -> Result) -> Result {
        mutex.withLock { _ in
            _ = order.load(ordering: .acquiring)
            defer { order.store(true, ordering: .releasing) }
            return work()
        }
    }
}
