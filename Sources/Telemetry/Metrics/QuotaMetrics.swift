internal import NIOConcurrencyHelpers

/// What quotas and their stores have to tell.
package final class QuotaMetrics: Sendable {
    /// Handles for one store of counts.
    package struct StoreHandles: Sendable {
        /// `sluice_quota_store_up`: 1 or 0.
        package let up: Gauge
        /// `sluice_quota_store_failures_total`.
        package let failures: Counter
        /// `sluice_quota_store_seconds`.
        package let seconds: Histogram
    }

    /// How one quota stands.
    package struct Usage: Sendable {
        package var scope: String
        package var name: String
        package var quota: String
        package var used: Double
        package var limit: Double

        package init(scope: String, name: String, quota: String, used: Double, limit: Double) {
            self.scope = scope
            self.name = name
            self.quota = quota
            self.used = used
            self.limit = limit
        }
    }

    private static let labels = ["scope", "name", "quota"]

    private let warnings: MetricFamily<Counter>
    private let shadowRejections: MetricFamily<Counter>
    private let storeUp: MetricFamily<Gauge>
    private let storeFailures: MetricFamily<Counter>
    private let storeSeconds: MetricFamily<Histogram>
    private let usage: UsageSource

    init(_ registry: MetricRegistry) {
        warnings = registry.counters(
            "sluice_quota_warnings_total", help: "Times that four fifths of a quota were used, once a window.",
            labels: Self.labels)
        shadowRejections = registry.counters(
            "sluice_quota_shadow_rejections_total",
            help: "Requests that a quota of mode shadow would have turned away.", labels: Self.labels)
        storeUp = registry.gauges(
            "sluice_quota_store_up", help: "Whether a store of counts answers: 1 or 0.", labels: ["store"])
        storeFailures = registry.counters(
            "sluice_quota_store_failures_total", help: "Times that a store of counts could not be written or asked.",
            labels: ["store"])
        storeSeconds = registry.histograms(
            "sluice_quota_store_seconds", help: "Time to write a store of counts, or until it answered.",
            labels: ["store"])
        let source = UsageSource()
        usage = source
        registry.add(source)
    }

    /// Four fifths of a quota are used.
    package func warned(scope: String, name: String, quota: String) { warnings.with(scope, name, quota).increment() }

    /// A quota that only measures had no room.
    package func wouldReject(scope: String, name: String, quota: String) {
        shadowRejections.with(scope, name, quota).increment()
    }

    /// Resolves the handles of a store.
    package func store(_ name: String) -> StoreHandles {
        StoreHandles(up: storeUp.with(name), failures: storeFailures.with(name), seconds: storeSeconds.with(name))
    }

    /// How quotas stand at the moment of a scrape.
    package func show(_ usage: [Usage]) { self.usage.usage.withLockedValue { $0 = usage } }

    private final class UsageSource: ExpositionSource {
        let usage = NIOLockedValueBox<[Usage]>([])

        func write(to text: inout String) {
            let usage = usage.withLockedValue { $0 }
            write("sluice_quota_used", "What is used of a quota; of the busiest ones.", usage, to: &text) { $0.used }
            write("sluice_quota_limit", "What a quota gives at most at once.", usage, to: &text) { $0.limit }
        }

        private func write(
            _ name: String, _ help: String, _ usage: [Usage], to text: inout String, value: (Usage) -> Double
        ) {
            guard !usage.isEmpty else { return }
            Exposition.writeHeader(name: name, help: help, type: "gauge", to: &text)
            for one in usage {
                let labels = zip(QuotaMetrics.labels, [one.scope, one.name, one.quota])
                    .map { "\($0)=\"\(Exposition.escapedLabel($1))\"" }.joined(separator: ",")
                Exposition.writeSample(name: name, labels: labels, value: Exposition.text(of: value(one)), to: &text)
            }
        }
    }
}
