import Telemetry
import Testing

@Suite struct PluginMetricsTests {
    private let gateway = GatewayMetrics(version: "1")

    private var lines: [Substring] {
        gateway.registry.scrape().split(separator: "\n").filter {
            $0.contains("sluice_plugin_") && !$0.contains("contract")
        }
    }

    @Test func countersAddUpAndGaugesAreSet() {
        let hits = gateway.plugins.register(.counter, model: "a", name: "hits", help: "Hits.")
        let size = gateway.plugins.register(.gauge, model: "a", name: "size", help: "Size.")
        for value in [1.0, 2.5, -4, .nan] { gateway.plugins.observe(hits, value: value) }
        for value in [7.0, 3] { gateway.plugins.observe(size, value: value) }
        #expect(
            lines == [
                "# HELP sluice_plugin_hits Hits.", "# TYPE sluice_plugin_hits counter",
                "sluice_plugin_hits{model=\"a\"} 3.5", "# HELP sluice_plugin_size Size.",
                "# TYPE sluice_plugin_size gauge", "sluice_plugin_size{model=\"a\"} 3",
            ])
    }

    @Test func histogramsCountEachValueInAllBucketsAboveIt() {
        let metric = gateway.plugins.register(.histogram, model: "a", name: "took", help: "Time.")
        for value in [0.5, 50, 5e9] { gateway.plugins.observe(metric, value: value) }
        #expect(lines.contains("sluice_plugin_took_bucket{model=\"a\",le=\"0.1\"} 0"))
        #expect(lines.contains("sluice_plugin_took_bucket{model=\"a\",le=\"1\"} 1"))
        #expect(lines.contains("sluice_plugin_took_bucket{model=\"a\",le=\"100\"} 2"))
        #expect(lines.contains("sluice_plugin_took_bucket{model=\"a\",le=\"+Inf\"} 3"))
        #expect(lines.contains("sluice_plugin_took_count{model=\"a\"} 3"))
    }

    @Test func oneHeaderServesAllModels() {
        for model in ["a", "b"] {
            let metric = gateway.plugins.register(.counter, model: model, name: "hits", help: "Hits.")
            gateway.plugins.observe(metric, value: 1)
        }
        #expect(lines.count { $0.hasPrefix("# TYPE") } == 1)
        #expect(lines.count { $0.hasPrefix("sluice_plugin_hits{") } == 2)
    }

    @Test func registeringAgainFindsTheSameMetric() {
        let first = gateway.plugins.register(.counter, model: "a", name: "hits", help: "")
        #expect(first != 0)
        #expect(gateway.plugins.register(.counter, model: "a", name: "hits", help: "") == first)
        #expect(gateway.plugins.register(.gauge, model: "a", name: "hits", help: "") == 0)
        #expect(gateway.plugins.register(.gauge, model: "b", name: "hits", help: "") == 0)
    }

    @Test(arguments: ["", "1st", "a-b", "a b", "a\n", "ä", String(repeating: "a", count: 129)])
    func namesThatWouldSpoilTheScrapeAreRefused(name: String) {
        #expect(gateway.plugins.register(.counter, model: "a", name: name, help: "") == 0)
    }

    @Test func metricsWithoutEndAreRefused() {
        for number in 0..<PluginMetrics.limit {
            #expect(gateway.plugins.register(.counter, model: "a", name: "m\(number)", help: "") != 0)
        }
        #expect(gateway.plugins.register(.counter, model: "a", name: "more", help: "") == 0)
        gateway.plugins.observe(0, value: 1)
        gateway.plugins.observe(.max, value: 1)
    }
}
