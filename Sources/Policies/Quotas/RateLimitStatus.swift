/// Where a caller stands with its tightest quota; the header texts are made only when asked for.
///
/// The fields are those of draft-ietf-httpapi-ratelimit-headers-10.
package struct RateLimitStatus: Sendable {
    private let charges: [QuotaReservation.Charge]
    /// The tightest among them.
    private let tightest: Int
    /// Units that the tightest quota would give right now.
    package let remaining: UInt64
    /// Until the tightest quota is whole again.
    package let nanosecondsUntilFull: UInt64

    init(charges: [QuotaReservation.Charge], tightest: Int, remaining: UInt64, nanosecondsUntilFull: UInt64) {
        self.charges = charges
        self.tightest = tightest
        self.remaining = remaining
        self.nanosecondsUntilFull = nanosecondsUntilFull
    }

    /// The name of the quota that leaves the least, as a String of RFC 9651.
    package var quotedName: String { policy.quotedName }

    /// The quota that leaves the least.
    package var policy: QuotaPolicy { charges[tightest].bucket.policy }

    /// The `RateLimit-Policy` value: every quota of the request, the tightest first; `"standard";q=100;w=60`.
    package var policyHeader: String {
        let own = charges[tightest]
        var header = own.set.policyHeaders[own.place]
        if charges.count == 1 { return header }
        for other in charges where other.place == 0 && other.set !== own.set {
            if let items = other.set.policyHeaders.first, !items.isEmpty { header += ", " + items }
        }
        return header
    }

    /// The `RateLimit` value: what is left of the tightest quota, and seconds until it is whole again;
    /// `"standard";r=50;t=30`.
    package var header: String {
        "\(policy.quotedName);r=\(shownRemaining);t=\(shownSeconds)"
    }

    /// What the `RateLimit` value says of the requests that are left.
    package var shownRemaining: UInt64 { Self.headerInteger(remaining) }

    /// What the `RateLimit` value says of the time until the quota is whole again.
    package var shownSeconds: UInt64 { Self.wholeSeconds(nanosecondsUntilFull) }

    /// The `Retry-After` value for a wait: whole seconds, rounded up, at least 1.
    package static func retryAfterHeader(nanoseconds: UInt64) -> String {
        String(max(wholeSeconds(nanoseconds), 1))
    }

    /// Integers of RFC 9651 have at most 15 digits.
    static func headerInteger(_ value: UInt64) -> UInt64 { min(value, 999_999_999_999_999) }

    /// Seconds, rounded up.
    static func wholeSeconds(_ nanoseconds: UInt64) -> UInt64 {
        nanoseconds / 1_000_000_000 + (nanoseconds % 1_000_000_000 == 0 ? 0 : 1)
    }
}
