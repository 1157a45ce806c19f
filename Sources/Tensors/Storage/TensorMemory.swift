internal import Glibc

/// Where memory for tensors comes from: the process's own pool, or an arena that another process sees too.
package protocol TensorMemory: AnyObject, Sendable {
    /// A block of at least that many bytes and its true capacity; `nil` when out of memory.
    func take(atLeast byteCount: Int) -> (UnsafeMutableRawPointer, capacity: Int)?

    /// Whether blocks of that size begin at a multiple of `TensorStorage.alignment`.
    func alignsBlock(of byteCount: Int) -> Bool

    /// Takes a block back, with the capacity that `take` gave it.
    func giveBack(_ block: UnsafeMutableRawPointer, capacity: Int)
}

/// The memory that this thread's tensors should come from, where nothing else is said.
///
/// Decoders are many and allocate in many places; whoever calls one knows which model the tensors are for. So the wish
/// goes with the thread for as long as a call lasts, instead of through every decoder.
package enum PreferredMemory {
    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        precondition(pthread_key_create(&key, nil) == 0, "no thread-specific key is left")
        return key
    }()

    /// What the caller of the code that runs now wishes for.
    static var current: (any TensorMemory)? {
        pthread_getspecific(key)?.assumingMemoryBound(to: (any TensorMemory).self).pointee
    }

    /// Runs `body` with a wish for where its tensors come from; `nil` is no wish.
    package static func with<Result, Failure: Error>(
        _ memory: (any TensorMemory)?, _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        guard let memory else { return try body() }
        let previous = pthread_getspecific(key)
        // The thread looks at it only while `body` runs.
        return try withUnsafePointer(to: memory) { memory throws(Failure) in
            pthread_setspecific(key, memory)
            defer { pthread_setspecific(key, previous) }
            return try body()
        }
    }
}
