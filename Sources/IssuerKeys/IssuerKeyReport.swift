package import Logging
package import Telemetry
internal import Tensors

/// What becomes of reading issuers' keys, for the log and the metrics.
package struct IssuerKeyReport: Sendable {
    private let logger: Logger
    private let metrics: GatewayMetrics

    package init(logger: Logger, metrics: GatewayMetrics) {
        self.logger = logger
        self.metrics = metrics
    }

    func succeeded(_ issuer: String, keys: Int, areNew: Bool, hadFailed: Bool) {
        let handles = metrics.issuer(issuer)
        handles.succeeded.increment()
        handles.keys.set(keys)
        handles.lastSuccess.set(Int(WallClock.secondsSince1970))
        if areNew || hadFailed {
            logger.info("issuer's keys read", metadata: ["issuer": "\(issuer)", "keys": "\(keys)"])
        }
    }

    func failed(_ issuer: String, reason: String, isFirst: Bool, keeps keys: Int) {
        metrics.issuer(issuer).failed.increment()
        // Once for each outage: it is tried again and again.
        guard isFirst else { return }
        logger.warning(
            "issuer's keys can't be read",
            metadata: ["issuer": "\(issuer)", "reason": "\(reason)", "keeps": "\(keys)"])
    }
}
