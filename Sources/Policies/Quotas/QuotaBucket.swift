internal import NIOConcurrencyHelpers
internal import Synchronization
internal import Tensors

/// One consumer's token bucket of one quota; it outlives the revision of the file that made it.
///
/// Invariant behind `@unchecked Sendable`: `tokens` is touched under `lock` only.
final class QuotaBucket: @unchecked Sendable {
    private static let made = Atomic<UInt64>(0)

    /// Later ones have greater numbers: whoever locks several does so in this order.
    let number: UInt64
    let lock = NIOLock()
    var tokens: TokenBucket

    /// A full bucket.
    init(_ policy: QuotaPolicy, now: MonotonicTime) {
        number = Self.made.wrappingAdd(1, ordering: .relaxed).newValue
        tokens = TokenBucket(
            max: policy.max, periodNanoseconds: policy.periodNanoseconds, burst: policy.burst, now: now)
    }
}
