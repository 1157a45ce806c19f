internal import Logging
package import Policies
internal import Telemetry
internal import Tensors

/// Tells people what quotas found: in the log and in metrics.
package struct QuotaNotices: Sendable {
    /// So many quotas are shown in metrics: the ones of which the largest part is used.
    private static let shown = 1_000

    private let metrics: QuotaMetrics
    private let logger: Logger?

    init(_ metrics: QuotaMetrics, logger: Logger?) {
        self.metrics = metrics
        self.logger = logger
    }

    /// Events of one request; there are none with nearly all of them.
    func note(_ events: [QuotaReservation.Event]) {
        for event in events {
            let (scope, name) = (event.subject.kind.rawValue, event.subject.name)
            switch event.kind {
            case .warning:
                metrics.warned(scope: scope, name: name, quota: event.policy.name)
                logger?.warning(
                    "quota nearly used up",
                    metadata: [
                        "scope": "\(scope)", "name": "\(name)", "quota": "\(event.policy.name)",
                        "of": "\(event.policy.text)",
                    ])
            case .shadowRefusal: metrics.wouldReject(scope: scope, name: name, quota: event.policy.name)
            }
        }
    }

    /// Puts how quotas stand into the metrics.
    package func refresh(_ policies: PolicyEngine) {
        let now = QuotaMoment.now
        let used = policies.ledgers.flatMap { ledger in
            ledger.buckets.compactMap { bucket -> QuotaMetrics.Usage? in
                let standing = bucket.standing(now: now)
                guard standing.used > 0 else { return nil }
                return QuotaMetrics.Usage(
                    scope: ledger.subject.kind.rawValue, name: ledger.subject.name, quota: standing.policy.name,
                    used: standing.used, limit: Double(standing.policy.capacity))
            }
        }
        metrics.show(Array(used.sorted { $0.used * $1.limit > $1.used * $0.limit }.prefix(Self.shown)))
    }
}
