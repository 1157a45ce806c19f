/// What listeners and consumers do that is unlike what they usually do.
package final class AnomalyMetrics: Sendable {
    private let present: MetricFamily<Gauge>
    private let total: MetricFamily<Counter>

    init(_ registry: MetricRegistry) {
        let labels = ["of", "name", "signal"]
        present = registry.gauges(
            "sluice_anomaly", help: "Whether a listener or a consumer is unlike what it usually is: 1 or 0.",
            labels: labels)
        total = registry.counters(
            "sluice_anomalies_total",
            help: "Times that a listener or a consumer began to be unlike what it usually is.",
            labels: labels)
    }

    /// Something begins to be unusual, or ends.
    package func note(of kind: String, name: String, signal: String, begins: Bool) {
        present.with(kind, name, signal).set(begins ? 1 : 0)
        if begins { total.with(kind, name, signal).increment() }
    }
}
