package import Tensors

/// An exact token bucket: at most a burst at once, refilled at a rate, with no rounding at any rate.
///
/// All that varies is one number: the moment at which the bucket is full again, in the parts of `TokenRate` that are earned
/// by then. What is missing is what has to be earned until that moment, so time that passes changes nothing here, and time
/// that seems to go back, as threads read the clock before they get the lock, earns nothing and loses nothing.
package struct TokenBucket: Sendable {
    /// The outcome of one request for tokens.
    package struct Decision: Sendable, Equatable {
        package var admitted: Bool
        /// Whole requests that would be admitted right now.
        package var remaining: UInt64
        /// Until as much as was asked for can be had; 0 where it was, `UInt64.max` where it is above the burst.
        package var nanosecondsUntilAvailable: UInt64
        /// Until the bucket is full again.
        package var nanosecondsUntilFull: UInt64
    }

    private var full: UInt128

    /// A full bucket.
    package init() { full = 0 }

    /// A bucket that will be full after so long.
    package init(untilFull nanoseconds: UInt64, at rate: TokenRate, now: MonotonicTime) {
        full = Self.sum(rate.earned(in: now.nanoseconds), rate.earned(in: nanoseconds))
    }

    /// What has been used and not earned back. More than a full bucket holds is debt, which comes before all credit.
    private func missing(at rate: TokenRate, now: MonotonicTime) -> UInt128 {
        let earned = rate.earned(in: now.nanoseconds)
        return full > earned ? full - earned : 0
    }

    /// How long until `cost` requests' worth of credit is there: 0 where it is, `UInt64.max` where it is above the burst.
    package func nanosecondsUntilAvailable(_ cost: UInt64 = 1, at rate: TokenRate, now: MonotonicTime) -> UInt64 {
        wait(for: rate.price(of: cost), missing: missing(at: rate, now: now), rate)
    }

    private func wait(for price: UInt128, missing: UInt128, _ rate: TokenRate) -> UInt64 {
        if price == 0 { return 0 }
        if price > rate.capacity { return .max }
        let free = rate.capacity - price
        return missing <= free ? 0 : rate.nanoseconds(toEarn: missing - free)
    }

    /// Takes `cost` requests' worth of credit, or nothing where there isn't as much.
    package mutating func take(_ cost: UInt64 = 1, at rate: TokenRate, now: MonotonicTime) -> Decision {
        let price = rate.price(of: cost)
        let earned = rate.earned(in: now.nanoseconds)
        var missing = full > earned ? full - earned : 0
        let wait = wait(for: price, missing: missing, rate)
        if wait == 0 {
            missing = Self.sum(missing, price)
            full = Self.sum(earned, missing)
        }
        return Decision(
            admitted: wait == 0, remaining: rate.requests(in: rate.capacity - min(missing, rate.capacity)),
            nanosecondsUntilAvailable: wait, nanosecondsUntilFull: rate.nanoseconds(toEarn: missing))
    }

    /// Takes `cost` requests' worth whether it is there or not: what isn't has to be earned before anything else.
    package mutating func charge(_ cost: UInt64, at rate: TokenRate, now: MonotonicTime) {
        full = Self.sum(max(full, rate.earned(in: now.nanoseconds)), rate.price(of: cost))
    }

    /// Gives back what was taken for a request that was not served after all.
    package mutating func refund(_ cost: UInt64 = 1, at rate: TokenRate, now: MonotonicTime) {
        let missing = missing(at: rate, now: now)
        guard missing > 0 else { return }
        full -= min(missing, rate.price(of: cost))
    }

    /// Whole requests that would be admitted right now.
    package func remaining(at rate: TokenRate, now: MonotonicTime) -> UInt64 {
        rate.requests(in: rate.capacity - min(missing(at: rate, now: now), rate.capacity))
    }

    /// Until the bucket is full again, if nothing more is taken.
    package func nanosecondsUntilFull(at rate: TokenRate, now: MonotonicTime) -> UInt64 {
        rate.nanoseconds(toEarn: missing(at: rate, now: now))
    }

    private static func sum(_ left: UInt128, _ right: UInt128) -> UInt128 {
        let (sum, overflow) = left.addingReportingOverflow(right)
        return overflow ? .max : sum
    }
}
