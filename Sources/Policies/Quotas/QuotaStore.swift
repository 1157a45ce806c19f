package import Configuration

/// Where counts are kept beyond the memory of this process.
package enum QuotaStore: Sendable {
    /// This gateway counts, and somebody writes down what it has counted.
    case keeping(any QuotaKeeper)
    /// Several gateways count together.
    case sharing(any SharedQuotaCount)
}

/// Writes counts down a moment after they have changed, and knows those of earlier processes.
package protocol QuotaKeeper: AnyObject, Sendable {
    /// What was written down under that key; `nil` where nothing was, or it means nothing any more.
    func saved(_ key: String) -> QuotaCounter.Saved?
    /// A count has changed. Called once until it is asked for by `QuotaBucket.takeSaved`; must not block.
    func changed(_ bucket: QuotaBucket)
}

/// One count for several gateways, of which each holds leases.
package protocol SharedQuotaCount: AnyObject, Sendable {
    /// How much of a quota one gateway may hold ready, in hundredths.
    var leasePercent: Int { get }
    /// What holds while nobody answers.
    var ifDown: StoreConfiguration.Redis.IfDown { get }
    /// Whether nobody answers.
    var isDown: Bool { get }
    /// A bucket has something to ask or to tell. Must not block.
    func ask(_ bucket: QuotaBucket, isUrgent: Bool)
    /// A request waits for answers: `expire` is to be called on it once it has waited for as long as a request may.
    func watch(_ wait: QuotaWait)
}
