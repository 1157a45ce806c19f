/// Where a consumer stands with its tightest quota; the header texts are made only when asked for.
///
/// The fields are those of draft-ietf-httpapi-ratelimit-headers-10.
package struct RateLimitStatus: Sendable {
    private let ledger: QuotaLedger
    private let tightest: Int
    /// Requests that the tightest quota would admit right now.
    package let remaining: UInt64
    /// Until the tightest quota is whole again.
    package let nanosecondsUntilFull: UInt64

    init(ledger: QuotaLedger, tightest: Int, decision: TokenBucket.Decision) {
        self.ledger = ledger
        self.tightest = tightest
        remaining = decision.remaining
        nanosecondsUntilFull = decision.nanosecondsUntilFull
    }

    /// The name of the quota that leaves the least, as a String of RFC 9651.
    package var quotedName: String { ledger.policies[tightest].quotedName }

    /// The quota that leaves the least.
    package var policy: QuotaPolicy { ledger.policies[tightest] }

    /// The `RateLimit-Policy` value: every quota of the consumer, the tightest first; `"standard";q=100;w=60`.
    package var policyHeader: String { ledger.policyHeaders[tightest] }

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
