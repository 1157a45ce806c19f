internal import Synchronization

/// A value behind a lock that lies in whatever has it, for what is one request's own and seldom asked for by two threads at
/// once. A lock that lies elsewhere is one more block to take, to prepare and to give back for each request, which costs more
/// than all uses of it.
///
/// ThreadSanitizer doesn't see the standard library's mutex. It sees the order of the loads and stores beside it, which cost
/// no more than any others.
struct LockedInPlace<Value: Sendable>: ~Copyable, Sendable {
    private let mutex: Mutex<Value>
    private let order = Atomic<Bool>(false)

    init(_ value: consuming sending Value) {
        mutex = Mutex(value)
    }

    borrowing func withLockedValue<Result: Sendable>(_ work: (inout Value) -> Result) -> Result {
        mutex.withLock { value in
            _ = order.load(ordering: .acquiring)
            defer { order.store(true, ordering: .releasing) }
            return work(&value)
        }
    }
}
