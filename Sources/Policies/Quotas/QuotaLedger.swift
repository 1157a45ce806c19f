internal import NIOConcurrencyHelpers
package import Tensors

/// What one consumer has used of each of its quotas.
///
/// A request takes from all of them or from none; one short lock covers it.
package final class QuotaLedger: Sendable {
    /// The answer to one request.
    package enum Outcome: Sendable {
        /// Served; there is no status where the consumer has no quotas.
        case admitted(RateLimitStatus?)
        /// Turned away: a `quota_exceeded` that says how long to wait.
        case refused(SluiceError, RateLimitStatus)
    }

    /// The quotas, in the order of the file.
    package let policies: [QuotaPolicy]
    /// For each quota the whole `RateLimit-Policy` value that starts with it.
    let policyHeaders: [String]
    private let consumer: String
    private let buckets: NIOLockedValueBox<[TokenBucket]>

    /// Full buckets for the consumer of that name.
    package init(consumer: String, policies: [QuotaPolicy], now: MonotonicTime) {
        self.consumer = consumer
        self.policies = policies
        policyHeaders = policies.indices.map { first in
            let others = policies.indices.filter { $0 != first }
            return ([first] + others).map { policies[$0].headerItem }.joined(separator: ", ")
        }
        buckets = NIOLockedValueBox(
            policies.map {
                TokenBucket(max: $0.max, periodNanoseconds: $0.periodNanoseconds, burst: $0.burst, now: now)
            })
    }

    /// Takes one request from every quota, or from none of them where one has too little.
    package func reserve(now: MonotonicTime) -> Outcome {
        if policies.isEmpty { return .admitted(nil) }
        let (tightest, decision) = buckets.withLockedValue { Self.take(from: &$0, now: now) }
        let status = RateLimitStatus(ledger: self, tightest: tightest, decision: decision)
        return decision.admitted ? .admitted(status) : .refused(refusal(by: policies[tightest], decision), status)
    }

    /// Gives back what `reserve` took for a request that was not served after all.
    package func refund(now: MonotonicTime) {
        if policies.isEmpty { return }
        buckets.withLockedValue { buckets in
            for index in buckets.indices { buckets[index].refund(now: now) }
        }
    }

    /// Takes from all or from none. Says which quota to tell of: the one with the longest wait where one refuses, else
    /// the one that leaves the least.
    private static func take(
        from buckets: inout [TokenBucket], now: MonotonicTime
    ) -> (tightest: Int, decision: TokenBucket.Decision) {
        var longest: (index: Int, wait: UInt64) = (0, 0)
        for index in buckets.indices {
            let wait = buckets[index].nanosecondsUntilAvailable(now: now)
            if wait > longest.wait { longest = (index, wait) }
        }
        if longest.wait > 0 { return (longest.index, buckets[longest.index].take(now: now)) }

        var tightest = (index: 0, decision: buckets[0].take(now: now))
        for index in buckets.indices.dropFirst() {
            let decision = buckets[index].take(now: now)
            if decision.remaining < tightest.decision.remaining { tightest = (index, decision) }
        }
        return (tightest.index, tightest.decision)
    }

    private func refusal(by policy: QuotaPolicy, _ decision: TokenBucket.Decision) -> SluiceError {
        let wait = decision.nanosecondsUntilAvailable
        return SluiceError(
            .quotaExceeded,
            """
            consumer "\(consumer)" has used up its quota "\(policy.name)" of \(policy.max) request\(policy.max == 1 ? "" : "s") per \
            \(Self.text(ofPeriod: policy.periodNanoseconds)); try again in \(RateLimitStatus.retryAfterHeader(nanoseconds: wait))s
            """,
            detail: [.init("consumer", consumer), .init("quota", policy.name)], retryAfterNanoseconds: wait)
    }

    private static func text(ofPeriod nanoseconds: UInt64) -> String {
        switch nanoseconds {
        case 1_000_000_000: "second"
        case 60_000_000_000: "minute"
        case 3_600_000_000_000: "hour"
        case 86_400_000_000_000: "day"
        default: "\(RateLimitStatus.wholeSeconds(nanoseconds))s"
        }
    }
}
