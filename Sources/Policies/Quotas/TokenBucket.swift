package import Tensors

/// An exact token bucket: at most `burst` at once, refilled at `max` per period, with no rounding at any rate.
///
/// Credit is counted in parts of a request: with the rate as a reduced fraction of `partsPerNanosecond` over
/// `partsPerRequest`, a nanosecond earns the one and a request costs the other, both whole numbers. So 7 per minute is
/// exactly that, for ever.
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

    private let partsPerNanosecond: UInt64
    private let partsPerRequest: UInt64
    /// Credit of a full bucket: at most 2^63 requests of 2^64 parts, which 128 bits always hold.
    private let capacity: UInt128
    private var credit: UInt128
    /// What has been used beyond the credit; paid back before anything is earned. One of the two is always 0.
    private var debt: UInt128 = 0
    /// Up to when time has been turned into credit.
    private var updated: MonotonicTime

    /// A full bucket.
    ///
    /// - Parameters:
    ///   - max: requests per period; at least 1.
    ///   - periodNanoseconds: at least 1.
    ///   - burst: most requests at once; at least 1.
    package init(max: Int, periodNanoseconds: UInt64, burst: Int, now: MonotonicTime) {
        let rate = UInt64(Swift.max(max, 1))
        let period = Swift.max(periodNanoseconds, 1)
        let divisor = Self.greatestCommonDivisor(rate, period)
        partsPerNanosecond = rate / divisor
        partsPerRequest = period / divisor
        capacity = UInt128(Swift.max(burst, 1)) * UInt128(partsPerRequest)
        credit = capacity
        updated = now
    }

    /// How long until `cost` requests' worth of credit is there: 0 where it is, `UInt64.max` where it is above the burst.
    package mutating func nanosecondsUntilAvailable(_ cost: UInt64 = 1, now: MonotonicTime) -> UInt64 {
        refill(now: now)
        let price = UInt128(cost) * UInt128(partsPerRequest)
        if credit >= price { return 0 }
        return price > capacity ? .max : nanoseconds(toEarn: Self.sum(price - credit, debt))
    }

    /// Takes `cost` requests' worth of credit, or nothing where there isn't as much.
    package mutating func take(_ cost: UInt64 = 1, now: MonotonicTime) -> Decision {
        let wait = nanosecondsUntilAvailable(cost, now: now)
        if wait == 0 { credit -= UInt128(cost) * UInt128(partsPerRequest) }
        return Decision(
            admitted: wait == 0, remaining: UInt64(clamping: credit / UInt128(partsPerRequest)),
            nanosecondsUntilAvailable: wait, nanosecondsUntilFull: nanosecondsUntilFull)
    }

    /// Takes `cost` requests' worth whether it is there or not: what isn't has to be earned before anything else.
    package mutating func charge(_ cost: UInt64, now: MonotonicTime) {
        refill(now: now)
        let price = UInt128(cost) * UInt128(partsPerRequest)
        if credit >= price {
            credit -= price
        } else {
            debt = Self.sum(debt, price - credit)
            credit = 0
        }
    }

    /// Whole requests that would be admitted right now.
    package mutating func remaining(now: MonotonicTime) -> UInt64 {
        refill(now: now)
        return UInt64(clamping: credit / UInt128(partsPerRequest))
    }

    /// Until the bucket is full again, if nothing more is taken; as of the last time that it was told.
    package var nanosecondsUntilFull: UInt64 { nanoseconds(toEarn: Self.sum(capacity - credit, debt)) }

    /// Leaves the bucket as one that will be full after so long.
    package mutating func empty(untilFull nanoseconds: UInt64) {
        let missing = UInt128(nanoseconds) * UInt128(partsPerNanosecond)
        credit = missing < capacity ? capacity - missing : 0
        debt = missing > capacity ? missing - capacity : 0
    }

    /// Gives back what was taken for a request that was not served after all.
    package mutating func refund(_ cost: UInt64 = 1, now: MonotonicTime) {
        refill(now: now)
        add(UInt128(cost) * UInt128(partsPerRequest))
    }

    /// Adds credit up to a full bucket. The room is compared, as the sum might not fit even 128 bits.
    private mutating func add(_ earned: UInt128) {
        let paid = min(earned, debt)
        debt -= paid
        let parts = earned - paid
        credit = parts >= capacity - credit ? capacity : credit + parts
    }

    private mutating func refill(now: MonotonicTime) {
        // Threads read the clock before they get the lock, so `now` may lie a little before `updated`: nothing is
        // earned then, and nothing twice.
        let elapsed = now.nanoseconds(since: updated)
        guard elapsed > 0 else { return }
        updated = now
        add(UInt128(elapsed) * UInt128(partsPerNanosecond))
    }

    /// Time to earn that much credit, rounded up to the nanosecond in which it is there.
    private func nanoseconds(toEarn parts: UInt128) -> UInt64 {
        let (whole, rest) = parts.quotientAndRemainder(dividingBy: UInt128(partsPerNanosecond))
        return UInt64(clamping: rest == 0 ? whole : whole + 1)
    }

    private static func sum(_ left: UInt128, _ right: UInt128) -> UInt128 {
        let (sum, overflow) = left.addingReportingOverflow(right)
        return overflow ? .max : sum
    }

    private static func greatestCommonDivisor(_ left: UInt64, _ right: UInt64) -> UInt64 {
        var (larger, smaller) = (left, right)
        while smaller != 0 { (larger, smaller) = (smaller, larger % smaller) }
        return larger
    }
}
