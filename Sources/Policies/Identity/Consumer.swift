/// One caller: what it may do, and how much of it. Immutable but for the counts in its ledger.
package final class Consumer: Sendable {
    // What every request needs comes first: with many consumers each line of it has to come from memory.
    /// `access` where that is a matter of models' names alone.
    let plainAccess: PlainAccess?
    /// The only quota, where nothing but this process's memory counts it and the consumer is in no group that has any.
    let single: (bucket: QuotaBucket, set: QuotaSet)?
    /// The name in gateway.yaml; the one that logs and metrics use.
    package let name: String
    /// What it may do.
    package let access: AccessPolicy
    /// What it has used.
    package let quotas: QuotaLedger
    /// What the groups have used that it is in.
    let groups: [QuotaLedger]
    /// For each condition that its rules have on claims whether it holds where there is no token.
    let heldWithoutToken: [Bool]

    /// - Parameter groups: the ledgers of its groups.
    package init(name: String, access: AccessPolicy, quotas: QuotaLedger, groups: [QuotaLedger] = []) {
        self.name = name
        self.access = access
        plainAccess = access.plain
        self.quotas = quotas
        self.groups = groups
        heldWithoutToken = access.claimConditions.map { $0.holds(for: .none) }
        let isSingle = quotas.buckets.count == 1 && quotas.buckets[0].isLocal && groups.isEmpty
        single = isSingle ? (quotas.buckets[0], quotas.quotas) : nil
    }

    /// A consumer that may use models of these names.
    package convenience init(name: String, models: ModelPatterns, quotas: QuotaLedger) {
        self.init(name: name, access: AccessPolicy(models: models), quotas: quotas)
    }
}
