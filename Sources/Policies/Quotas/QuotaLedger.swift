package import Tensors

/// All quotas of one subject, and what it has used of them.
///
/// Ledgers of different revisions share the buckets of quotas that are in both.
package final class QuotaLedger: Sendable {
    package let subject: QuotaSubject
    let quotas: QuotaSet
    package let buckets: [QuotaBucket]

    /// Buckets for that subject: those of `previous` where it has the same quota in the same store, else ones that
    /// begin as their stores know them.
    ///
    /// - Parameter stores: by the names that the policies give; those without a name are in memory.
    package init(
        _ subject: QuotaSubject, _ quotas: QuotaSet, previous: QuotaLedger? = nil, stores: [String: QuotaStore] = [:],
        now: QuotaMoment
    ) {
        self.subject = subject
        self.quotas = quotas
        var known = previous?.buckets ?? []
        buckets = quotas.policies.map { policy in
            let store = policy.store.flatMap { stores[$0] }
            if let same = known.firstIndex(where: { $0.policy == policy && Self.areSame($0.store, store) }) {
                return known.remove(at: same)
            }
            return QuotaBucket(policy, of: subject, store: store, now: now)
        }
    }

    /// Quotas of a consumer, in memory.
    package convenience init(consumer: String, policies: [QuotaPolicy], now: MonotonicTime) {
        self.init(
            QuotaSubject(.consumer, consumer), policies.isEmpty ? .none : QuotaSet(policies),
            now: QuotaMoment(monotonic: now, wall: now.nanoseconds))
    }

    /// The quotas, in the order of the file.
    package var policies: [QuotaPolicy] { quotas.policies }

    private static func areSame(_ left: QuotaStore?, _ right: QuotaStore?) -> Bool {
        switch (left, right) {
        case (nil, nil): true
        case (.keeping(let left), .keeping(let right)): left === right
        case (.sharing(let left), .sharing(let right)): left === right
        default: false
        }
    }
}
