package import Tensors

/// All quotas of one subject, and what it has used of them.
///
/// Ledgers of different revisions share the buckets of quotas that are in both.
package final class QuotaLedger: Sendable {
    package let subject: QuotaSubject
    /// The quotas, in the order of the file.
    package let policies: [QuotaPolicy]
    /// For each quota the `RateLimit-Policy` items of all, it first; those that turn nobody away aren't told of.
    let policyHeaders: [String]
    package let buckets: [QuotaBucket]

    /// Buckets for that subject: those of `previous` where it has the same quota in the same store, else ones that
    /// begin as their stores know them.
    ///
    /// - Parameter stores: by the names that the policies give; those without a name are in memory.
    package init(
        _ subject: QuotaSubject, policies: [QuotaPolicy], previous: QuotaLedger? = nil,
        stores: [String: QuotaStore] = [:], now: QuotaMoment
    ) {
        self.subject = subject
        let policies = subject.prefix.isEmpty ? policies : policies.map { $0.prefixed(subject.prefix) }
        self.policies = policies
        policyHeaders = policies.indices.map { first in
            let others = policies.indices.filter { $0 != first }
            return ([first] + others).filter { !policies[$0].isShadow }.map { policies[$0].headerItem }
                .joined(separator: ", ")
        }
        var known = previous?.buckets ?? []
        buckets = policies.map { policy in
            let store = policy.store.flatMap { stores[$0] }
            if let same = known.firstIndex(where: { $0.policy == policy && Self.areSame($0.store, store) }) {
                return known.remove(at: same)
            }
            return QuotaBucket(policy, of: subject, store: store, now: now)
        }
    }

    /// Quotas of a consumer, in memory.
    package convenience init(
        consumer: String, policies: [QuotaPolicy], previous: QuotaLedger? = nil, now: MonotonicTime
    ) {
        self.init(
            QuotaSubject(.consumer, consumer), policies: policies, previous: previous,
            now: QuotaMoment(monotonic: now, wall: now.nanoseconds))
    }

    private static func areSame(_ left: QuotaStore?, _ right: QuotaStore?) -> Bool {
        switch (left, right) {
        case (nil, nil): true
        case (.keeping(let left), .keeping(let right)): left === right
        case (.sharing(let left), .sharing(let right)): left === right
        default: false
        }
    }
}
