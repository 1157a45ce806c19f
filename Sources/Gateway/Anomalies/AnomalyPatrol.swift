internal import Configuration
internal import Dispatch
package import Policies
internal import Logging
internal import Telemetry
internal import Tensors

/// Ends the windows of a watch, one after the other, for as long as a gate has it.
package final class AnomalyPatrol: Sendable {
    package let watch: AnomalyWatch
    private let queue = DispatchQueue(label: "sluice.anomalies")

    init(_ watch: AnomalyWatch) {
        self.watch = watch
        scheduleEnd()
    }

    /// The patrol that a configuration wants, which tells of what it finds; the one that there is where it is the same.
    static func of(
        _ configuration: GatewayConfiguration, previous: AnomalyPatrol?, metrics: AnomalyMetrics, logger: Logger?,
        audit: AuditTrail?
    ) -> AnomalyPatrol? {
        guard let anomalies = configuration.anomalies else { return nil }
        if let previous, previous.watch.configuration == anomalies { return previous }
        return AnomalyPatrol(
            AnomalyWatch(anomalies) { finding in
                let (kind, name, signal) = (
                    finding.subject.kind.rawValue, finding.subject.name, finding.signal.rawValue
                )
                metrics.note(of: kind, name: name, signal: signal, begins: finding.begins)
                audit?.append(.anomaly(finding))
                logger?.warning(
                    finding.begins ? "anomaly begins" : "anomaly ends",
                    metadata: ["of": "\(kind)", "name": "\(name)", "signal": "\(signal)", "count": "\(finding.count)"])
            })
    }

    private func scheduleEnd() {
        let length = Int(clamping: watch.configuration.window.wholeNanoseconds)
        queue.asyncAfter(deadline: .now() + .nanoseconds(length)) { [weak self] in
            guard let self else { return }
            watch.closeWindow()
            scheduleEnd()
        }
    }
}
