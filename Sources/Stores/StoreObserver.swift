/// Who hears of what becomes of a store: called on the store's own thread.
package struct StoreObserver: Sendable {
    /// The store answers, or doesn't any more.
    package var isUp: @Sendable (Bool) -> Void
    /// It could not be written or asked.
    package var failed: @Sendable () -> Void
    /// It was written, or answered, in so long.
    package var answered: @Sendable (_ nanoseconds: UInt64) -> Void

    package init(
        isUp: @escaping @Sendable (Bool) -> Void = { _ in }, failed: @escaping @Sendable () -> Void = {},
        answered: @escaping @Sendable (_ nanoseconds: UInt64) -> Void = { _ in }
    ) {
        self.isUp = isUp
        self.failed = failed
        self.answered = answered
    }
}

/// A store that can't be used, with why.
package struct StoreFailure: Error, CustomStringConvertible {
    package var description: String

    package init(_ description: String) {
        self.description = description
    }
}
