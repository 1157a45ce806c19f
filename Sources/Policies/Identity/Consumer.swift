/// One caller: what it may do, and how much of it. Immutable but for the counts in its ledger.
package final class Consumer: Sendable {
    /// The name in gateway.yaml; the one that logs and metrics use.
    package let name: String
    /// What it may do.
    package let access: AccessPolicy
    /// What it has used.
    package let quotas: QuotaLedger

    package init(name: String, access: AccessPolicy, quotas: QuotaLedger) {
        self.name = name
        self.access = access
        self.quotas = quotas
    }

    /// A consumer that may use models of these names.
    package convenience init(name: String, models: ModelPatterns, quotas: QuotaLedger) {
        self.init(name: name, access: AccessPolicy(models: models), quotas: quotas)
    }
}
