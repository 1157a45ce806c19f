package import Tensors

/// One caller: what it may use, and how much of it. Immutable but for the counts in its ledger.
package final class Consumer: Sendable {
    /// The name in gateway.yaml; the one that logs and metrics use.
    package let name: String
    /// The public models it may use.
    package let models: ModelPatterns
    /// What it has used.
    package let quotas: QuotaLedger

    package init(name: String, models: ModelPatterns, quotas: QuotaLedger) {
        self.name = name
        self.models = models
        self.quotas = quotas
    }

    /// Whether this consumer may use the public model of that name.
    package func mayUse(model: String) -> Bool { models.allow(model) }

    /// Checks that this consumer may use `model`.
    ///
    /// - Throws: `forbidden`, naming the consumer and the model.
    package func authorize(model: String) throws(SluiceError) {
        guard mayUse(model: model) else {
            throw SluiceError(
                .forbidden, "consumer \"\(name)\" may not use model \"\(String(model.unicodeScalars.prefix(200)))\"",
                detail: [.init("consumer", name)])
        }
    }
}
