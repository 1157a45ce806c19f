import Policies
import Tensors

/// A token bucket together with its rate.
struct RatedBucket: Sendable {
    let rate: TokenRate
    private var bucket = TokenBucket()

    /// - Parameter now: of no meaning: a bucket that was never used is full at any time.
    init(max: Int, periodNanoseconds: UInt64, burst: Int, now: MonotonicTime) {
        rate = TokenRate(max: max, periodNanoseconds: periodNanoseconds, burst: burst)
    }

    func nanosecondsUntilAvailable(_ cost: UInt64 = 1, now: MonotonicTime) -> UInt64 {
        bucket.nanosecondsUntilAvailable(cost, at: rate, now: now)
    }

    mutating func take(_ cost: UInt64 = 1, now: MonotonicTime) -> TokenBucket.Decision {
        bucket.take(cost, at: rate, now: now)
    }

    mutating func charge(_ cost: UInt64, now: MonotonicTime) { bucket.charge(cost, at: rate, now: now) }

    mutating func refund(_ cost: UInt64 = 1, now: MonotonicTime) { bucket.refund(cost, at: rate, now: now) }

    func remaining(now: MonotonicTime) -> UInt64 { bucket.remaining(at: rate, now: now) }
}
