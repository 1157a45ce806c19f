import Foundation
import Telemetry
import Testing

@Suite struct GatewayMetricsTests {
    @Test func everyMetricIsInTheDocumentation() throws {
        let metrics = GatewayMetrics(version: "1.0")
        let route = metrics.route("r", targets: ["a"], fallbacks: ["b"])
        for answer in route.answers {
            answer.requests.incrementOK()
            answer.fallbacks.increment()
        }
        metrics.model("a").failures.increment(code: "model_failed")
        metrics.quotaRejections(consumer: "acme").increment()
        let names = metrics.registry.scrape().split(separator: "\n").compactMap { line in
            line.hasPrefix("# TYPE ") ? line.split(separator: " ")[2] : nil
        }
        #expect(names.count >= 20)
        #expect(Set(names).count == names.count)
        let root = (0..<4).reduce(URL(fileURLWithPath: #filePath)) { url, _ in url.deletingLastPathComponent() }
        let page = try String(contentsOf: root.appendingPathComponent("docs/operations.md"), encoding: .utf8)
        for name in names { #expect(page.contains("`\(name)"), "\(name) is not in docs/operations.md") }
    }

    @Test func countsRequestsByRouteModelAndCode() {
        let metrics = GatewayMetrics(version: "1.0")
        let route = metrics.route("vision", targets: ["cls-v1", "cls-v2"], fallbacks: ["cls-cpu"])
        route.seconds.observe(nanoseconds: 3_000_000)
        route.answers[0].requests.incrementOK()
        route.answers[0].requests.incrementOK()
        route.answers[1].requests.increment(code: "model_failed")
        route.answers[2].requests.incrementOK()
        route.answers[2].fallbacks.increment()
        route.unanswered.increment(code: "quota_exceeded")
        metrics.unroutedRequests.increment(code: "model_not_found")
        metrics.unroutedRequests.increment(code: "model_not_found")
        let text = metrics.registry.scrape()
        for sample in [
            "sluice_requests_total{route=\"vision\",model=\"cls-v1\",code=\"ok\"} 2",
            "sluice_requests_total{route=\"vision\",model=\"cls-v2\",code=\"model_failed\"} 1",
            "sluice_requests_total{route=\"vision\",model=\"cls-cpu\",code=\"ok\"} 1",
            "sluice_requests_total{route=\"vision\",model=\"\",code=\"quota_exceeded\"} 1",
            "sluice_requests_total{route=\"\",model=\"\",code=\"model_not_found\"} 2",
            "sluice_fallbacks_total{route=\"vision\",model=\"cls-cpu\"} 1",
            "sluice_request_seconds_count{route=\"vision\"} 1",
            "sluice_build_info{version=\"1.0\"} 1",
        ] { #expect(text.contains(sample + "\n"), "\(sample)") }
        #expect(!text.contains("sluice_fallbacks_total{route=\"vision\",model=\"cls-v1\"}"))
    }

    @Test func countsTriesByModel() {
        let metrics = GatewayMetrics(version: "1.0")
        let model = metrics.model("iris")
        model.ready.set(1)
        model.queueDepth.increment()
        model.seconds.observe(nanoseconds: 1)
        model.failures.increment(code: "overloaded")
        let text = metrics.registry.scrape()
        for sample in [
            "sluice_model_ready{model=\"iris\"} 1",
            "sluice_model_queue_depth{model=\"iris\"} 1",
            "sluice_model_seconds_bucket{model=\"iris\",le=\"0.0001\"} 1",
            "sluice_model_failures_total{model=\"iris\",code=\"overloaded\"} 1",
        ] { #expect(text.contains(sample + "\n"), "\(sample)") }
        #expect(!text.contains("code=\"ok\""))
    }

    @Test func theSameRouteTwiceIsTheSameSeries() {
        let metrics = GatewayMetrics(version: "1.0")
        for _ in 0..<2 { metrics.route("r", targets: ["m"]).answers[0].requests.incrementOK() }
        #expect(
            metrics.registry.scrape().contains("sluice_requests_total{route=\"r\",model=\"m\",code=\"ok\"} 2\n"))
    }

    @Test func tellsOfThisProcess() throws {
        func value(_ name: String, in text: String) throws -> Double {
            let line = try #require(text.split(separator: "\n").first { $0.hasPrefix(name + " ") })
            return try #require(Double(line.dropFirst(name.count + 1)))
        }
        let text = GatewayMetrics(version: "1.0").registry.scrape()
        #expect(try value("process_resident_memory_bytes", in: text) > 1e6)
        #expect(try value("process_open_fds", in: text) >= 3)
        #expect(try value("process_cpu_seconds_total", in: text) >= 0)
        let age = try Date().timeIntervalSince1970 - value("process_start_time_seconds", in: text)
        #expect((-2.0...86_400).contains(age))
    }
}
