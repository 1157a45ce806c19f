/// How quickly a token bucket fills, and how far: what all buckets of one quota have in common.
///
/// Credit is counted in parts of a request: with the rate as a reduced fraction of `partsPerNanosecond` over
/// `partsPerRequest`, a nanosecond earns the one and a request costs the other, both whole numbers. So 7 per minute is
/// exactly that, for ever.
package struct TokenRate: Sendable {
    let partsPerNanosecond: UInt64
    let partsPerRequest: UInt64
    /// Credit of a full bucket: at most 2^63 requests of 2^64 parts, which 128 bits always hold.
    let capacity: UInt128

    /// - Parameters:
    ///   - max: requests per period; at least 1.
    ///   - periodNanoseconds: at least 1.
    ///   - burst: most requests at once; at least 1.
    package init(max: Int, periodNanoseconds: UInt64, burst: Int) {
        let rate = UInt64(Swift.max(max, 1))
        let period = Swift.max(periodNanoseconds, 1)
        let divisor = Self.greatestCommonDivisor(rate, period)
        partsPerNanosecond = rate / divisor
        partsPerRequest = period / divisor
        capacity = UInt128(Swift.max(burst, 1)) * UInt128(partsPerRequest)
    }

    /// What so many nanoseconds earn.
    func earned(in nanoseconds: UInt64) -> UInt128 { UInt128(nanoseconds) * UInt128(partsPerNanosecond) }

    /// What so many requests cost.
    func price(of requests: UInt64) -> UInt128 { UInt128(requests) * UInt128(partsPerRequest) }

    /// How many whole requests there are in that.
    func requests(in parts: UInt128) -> UInt64 {
        // Nearly always the numbers are small, and dividing small ones takes a fifth.
        if let small = UInt64(exactly: parts) { return small / partsPerRequest }
        return UInt64(clamping: parts / UInt128(partsPerRequest))
    }

    /// Time to earn that much, rounded up to the nanosecond in which it is there.
    func nanoseconds(toEarn parts: UInt128) -> UInt64 {
        if let small = UInt64(exactly: parts) {
            let (whole, rest) = small.quotientAndRemainder(dividingBy: partsPerNanosecond)
            return rest == 0 ? whole : whole + 1
        }
        let (whole, rest) = parts.quotientAndRemainder(dividingBy: UInt128(partsPerNanosecond))
        return UInt64(clamping: rest == 0 ? whole : whole + 1)
    }

    private static func greatestCommonDivisor(_ left: UInt64, _ right: UInt64) -> UInt64 {
        var (larger, smaller) = (left, right)
        while smaller != 0 { (larger, smaller) = (smaller, larger % smaller) }
        return larger
    }
}
