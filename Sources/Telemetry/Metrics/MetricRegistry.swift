internal import NIOConcurrencyHelpers

/// All metrics of a process, in the order in which they were made.
package final class MetricRegistry: Sendable {
    /// A family holds at most this many series: clients can't fill the memory by making up label values.
    package static let seriesLimit = 10_000

    private let seriesLimit: Int
    private let droppedSeries: MetricFamily<Counter>
    private let sources = NIOLockedValueBox<[any ExpositionSource]>([])

    package init(seriesLimit: Int = MetricRegistry.seriesLimit) {
        self.seriesLimit = seriesLimit
        droppedSeries = MetricFamily(
            name: "sluice_metric_series_dropped_total",
            help: "Series that were asked for but not made, because their metric has too many.",
            labelNames: ["metric"], limit: seriesLimit, dropped: Counter(), make: Counter.init)
    }

    package func counters(_ name: String, help: String, labels: [String] = []) -> MetricFamily<Counter> {
        family(name, help, labels) { Counter() }
    }

    package func gauges(_ name: String, help: String, labels: [String] = []) -> MetricFamily<Gauge> {
        family(name, help, labels) { Gauge() }
    }

    package func histograms(
        _ name: String, help: String, labels: [String] = [], bounds: [Double] = Histogram.requestBounds
    ) -> MetricFamily<Histogram> {
        family(name, help, labels) { Histogram(bounds: bounds) }
    }

    /// Adds samples that are made at the moment of the scrape.
    func add(_ source: some ExpositionSource) {
        sources.withLockedValue { $0.append(source) }
    }

    /// All samples, as `Exposition.contentType` text.
    package func scrape() -> String {
        var text = ""
        for source in sources.withLockedValue({ $0 }) { source.write(to: &text) }
        droppedSeries.write(to: &text)
        return text
    }

    private func family<Member: Instrument>(
        _ name: String, _ help: String, _ labels: [String], make: @escaping @Sendable () -> Member
    ) -> MetricFamily<Member> {
        let family = MetricFamily(
            name: name, help: help, labelNames: labels, limit: seriesLimit, dropped: droppedSeries.with(name),
            make: make)
        add(family)
        return family
    }
}
