/// One caller: what it may do, and how much of it. Immutable but for the counts in its ledger.
package final class Consumer: Sendable {
    /// The name in gateway.yaml; the one that logs and metrics use.
    package let name: String
    /// What it may do.
    package let access: AccessPolicy
    /// The same where it is a matter of models' names alone.
    let plainAccess: PlainAccess?
    /// What it has used.
    package let quotas: QuotaLedger
    /// The same where that is one quota: with many consumers each step to it would have to come from memory.
    let single: (bucket: QuotaBucket, set: QuotaSet)?

    package init(name: String, access: AccessPolicy, quotas: QuotaLedger) {
        self.name = name
        self.access = access
        plainAccess = access.plain
        self.quotas = quotas
        single = quotas.buckets.count == 1 ? (quotas.buckets[0], quotas.quotas) : nil
    }

    /// A consumer that may use models of these names.
    package convenience init(name: String, models: ModelPatterns, quotas: QuotaLedger) {
        self.init(name: name, access: AccessPolicy(models: models), quotas: quotas)
    }
}
