internal import NIOConcurrencyHelpers
package import Tensors

/// What one consumer has used of each of its quotas.
///
/// A request takes from all of them or from none. Ledgers of different revisions share the buckets of quotas that are in
/// both, so each bucket has a lock of its own; all are taken in one order, that of their making.
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
    private let buckets: [QuotaBucket]
    /// The places of the buckets in the order in which they are locked.
    private let lockingOrder: [Int]

    /// Buckets for the consumer of that name: those of `previous` where it has the same quota, else full ones.
    package init(consumer: String, policies: [QuotaPolicy], previous: QuotaLedger? = nil, now: MonotonicTime) {
        self.consumer = consumer
        self.policies = policies
        policyHeaders = policies.indices.map { first in
            let others = policies.indices.filter { $0 != first }
            return ([first] + others).map { policies[$0].headerItem }.joined(separator: ", ")
        }
        var known = previous.map { Array(zip($0.policies, $0.buckets)) } ?? []
        let buckets = policies.map { policy in
            guard let same = known.firstIndex(where: { $0.0 == policy }) else {
                return QuotaBucket(policy, now: now)
            }
            return known.remove(at: same).1
        }
        self.buckets = buckets
        lockingOrder = buckets.indices.sorted { buckets[$0].number < buckets[$1].number }
    }

    /// Takes one request from every quota, or from none of them where one has too little.
    package func reserve(now: MonotonicTime) -> Outcome {
        if policies.isEmpty { return .admitted(nil) }
        let (tightest, decision) = withLockedBuckets { take(now: now) }
        let status = RateLimitStatus(ledger: self, tightest: tightest, decision: decision)
        return decision.admitted ? .admitted(status) : .refused(refusal(by: policies[tightest], decision), status)
    }

    /// Gives back what `reserve` took for a request that was not served after all.
    package func refund(now: MonotonicTime) {
        for bucket in buckets {
            bucket.lock.lock()
            bucket.tokens.refund(now: now)
            bucket.lock.unlock()
        }
    }

    private func withLockedBuckets<Value>(_ body: () -> Value) -> Value {
        for index in lockingOrder { buckets[index].lock.lock() }
        defer { for index in lockingOrder { buckets[index].lock.unlock() } }
        return body()
    }

    /// Takes from all or from none. Says which quota to tell of: the one with the longest wait where one refuses, else
    /// the one that leaves the least.
    private func take(now: MonotonicTime) -> (tightest: Int, decision: TokenBucket.Decision) {
        var longest: (index: Int, wait: UInt64) = (0, 0)
        for index in buckets.indices {
            let wait = buckets[index].tokens.nanosecondsUntilAvailable(now: now)
            if wait > longest.wait { longest = (index, wait) }
        }
        if longest.wait > 0 { return (longest.index, buckets[longest.index].tokens.take(now: now)) }

        var tightest = (index: 0, decision: buckets[0].tokens.take(now: now))
        for index in buckets.indices.dropFirst() {
            let decision = buckets[index].tokens.take(now: now)
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
