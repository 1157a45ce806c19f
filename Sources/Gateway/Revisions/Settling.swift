package import Tensors

/// Waits until a file has been left alone for a while: editors and deployments touch a file several times.
///
/// A plain state machine: told of stirs and of the time. A file that never comes to rest is read all the same, now and
/// then.
package struct Settling: Sendable {
    /// So many times the rest is the longest that stirs can put off the reading.
    private static let patience: UInt64 = 20

    /// Nanoseconds that the file must have been left alone.
    private let rest: UInt64
    private var first: MonotonicTime?
    private var last: MonotonicTime?

    package init(rest: UInt64) {
        self.rest = rest
    }

    /// Something happened to the file.
    package mutating func stirred(now: MonotonicTime) {
        if first == nil { first = now }
        last = now
    }

    /// When to look; `nil` while nothing has happened.
    package var due: MonotonicTime? {
        guard let first, let last else { return nil }
        return min(last.advanced(byNanoseconds: rest), first.advanced(byNanoseconds: rest * Self.patience))
    }

    /// Whether the file is to be read now; asking again says no until something happens.
    package mutating func isSettled(now: MonotonicTime) -> Bool {
        guard let due, due <= now else { return false }
        first = nil
        last = nil
        return true
    }
}
