internal import NIOConcurrencyHelpers

/// How shadows compare with the models that answer.
package final class ShadowMetrics: Sendable {
    /// One shadow at the moment of a scrape.
    package struct Standing: Sendable {
        package struct Output: Sendable {
            package var name: String
            package var rows: Int
            package var agreeing: Int
            package var maxError: Double?

            package init(name: String, rows: Int, agreeing: Int, maxError: Double?) {
                self.name = name
                self.rows = rows
                self.agreeing = agreeing
                self.maxError = maxError
            }
        }

        package var route: String
        package var model: String
        /// How many requests ended in which way.
        package var outcomes: [(name: String, count: Int)]
        package var outputs: [Output]

        package init(route: String, model: String, outcomes: [(name: String, count: Int)], outputs: [Output]) {
            self.route = route
            self.model = model
            self.outcomes = outcomes
            self.outputs = outputs
        }
    }

    private let seconds: MetricFamily<Histogram>
    private let source: Source

    init(_ registry: MetricRegistry) {
        seconds = registry.histograms(
            "sluice_shadow_seconds", help: "Time until a shadow answered, waiting included.",
            labels: ["route", "model"])
        let source = Source()
        self.source = source
        registry.add(source)
    }

    /// Resolves the time of a shadow's answers.
    package func seconds(route: String, model: String) -> Histogram { seconds.with(route, model) }

    /// How shadows stand at the moment of a scrape.
    package func show(_ standings: [Standing]) { source.standings.withLockedValue { $0 = standings } }

    private final class Source: ExpositionSource {
        let standings = NIOLockedValueBox<[Standing]>([])

        func write(to text: inout String) {
            let standings = standings.withLockedValue { $0 }
            guard !standings.isEmpty else { return }
            Exposition.writeHeader(
                name: "sluice_shadow_requests_total", help: "Requests that a shadow saw, or would have, by outcome.",
                type: "counter", to: &text)
            for one in standings {
                for outcome in one.outcomes {
                    sample(
                        "sluice_shadow_requests_total", one, ("outcome", outcome.name), Double(outcome.count), to: &text
                    )
                }
            }
            outputs(
                "sluice_shadow_rows_total", "Rows of which a shadow's top answer was held against the answer.",
                "counter", standings, to: &text
            ) { Double($0.rows) }
            outputs(
                "sluice_shadow_agreeing_rows_total", "Those of them on which both agreed.", "counter", standings,
                to: &text
            ) { Double($0.agreeing) }
            outputs(
                "sluice_shadow_max_error", "The largest difference of two numbers so far.", "gauge", standings,
                to: &text
            ) { $0.maxError }
        }

        private func outputs(
            _ name: String, _ help: String, _ type: String, _ standings: [Standing], to text: inout String,
            value: (Standing.Output) -> Double?
        ) {
            Exposition.writeHeader(name: name, help: help, type: type, to: &text)
            for one in standings {
                for output in one.outputs {
                    guard let value = value(output) else { continue }
                    sample(name, one, ("output", output.name), value, to: &text)
                }
            }
        }

        private func sample(
            _ name: String, _ one: Standing, _ label: (String, String), _ value: Double, to text: inout String
        ) {
            let labels = [("route", one.route), ("model", one.model), label]
                .map { "\($0)=\"\(Exposition.escapedLabel($1))\"" }.joined(separator: ",")
            Exposition.writeSample(name: name, labels: labels, value: Exposition.text(of: value), to: &text)
        }
    }
}
