import Telemetry
import Testing

@Suite struct MetricRegistryTests {
    @Test func writesTheTextFormat() {
        let registry = MetricRegistry()
        let requests = registry.counters("requests_total", help: "All \"requests\".", labels: ["route", "code"])
        requests.with("b", "ok").increment(by: 3)
        requests.with("a", "ok").increment()
        let depth = registry.gauges("depth", help: "How\ndeep \\ it is.").with()
        depth.increment()
        depth.increment()
        depth.decrement()
        let seconds = registry.histograms("seconds", help: "Time.", labels: ["route"], bounds: [0.001, 0.5, 2])
            .with("a")
        for nanoseconds in [0, 1_000_000, 1_000_001, 400_000_000, 3_000_000_000] as [UInt64] {
            seconds.observe(nanoseconds: nanoseconds)
        }
        let expected = """
            # HELP requests_total All "requests".
            # TYPE requests_total counter
            requests_total{route="a",code="ok"} 1
            requests_total{route="b",code="ok"} 3
            # HELP depth How\\ndeep \\\\ it is.
            # TYPE depth gauge
            depth 1
            # HELP seconds Time.
            # TYPE seconds histogram
            seconds_bucket{route="a",le="0.001"} 2
            seconds_bucket{route="a",le="0.5"} 4
            seconds_bucket{route="a",le="2"} 4
            seconds_bucket{route="a",le="+Inf"} 5
            seconds_sum{route="a"} 3.402000001
            seconds_count{route="a"} 5

            """
        #expect(registry.scrape().hasPrefix(expected))
    }

    @Test func escapesLabelValues() {
        let registry = MetricRegistry()
        registry.counters("c", help: "", labels: ["name"]).with("a\"b\\c\nd,e}ü").increment()
        #expect(registry.scrape().contains("c{name=\"a\\\"b\\\\c\\nd,e}ü\"} 1\n"))
    }

    @Test func familiesWithoutSeriesAreNotShown() {
        let registry = MetricRegistry()
        _ = registry.counters("quiet_total", help: "Nothing.", labels: ["x"])
        #expect(!registry.scrape().contains("HELP quiet_total"))
    }

    @Test func oneSetOfLabelsIsOneSeries() {
        let family = MetricRegistry().counters("c", help: "", labels: ["x"])
        family.with("a").increment()
        family.with("a").increment()
        #expect(family.with("a").value == 2)
        #expect(family.count == 1)
    }

    @Test func wrongNumbersOfLabelsStillMakeAWellFormedSeries() {
        let registry = MetricRegistry()
        let family = registry.counters("c", help: "", labels: ["x", "y"])
        family.with("a").increment()
        family.with("a", "b", "c").increment()
        let text = registry.scrape()
        #expect(text.contains("c{x=\"a\",y=\"\"} 1\n"))
        #expect(text.contains("c{x=\"a\",y=\"b\"} 1\n"))
    }

    @Test func fullFamiliesCountWhatTheyDrop() {
        let registry = MetricRegistry(seriesLimit: 2)
        let family = registry.counters("c", help: "", labels: ["x"])
        for name in ["a", "b", "c", "d", "a"] { family.with(name).increment() }
        let text = registry.scrape()
        #expect(family.count == 2)
        #expect(text.contains("c{x=\"a\"} 2\n"))
        #expect(!text.contains("c{x=\"c\"}"))
        #expect(text.contains("sluice_metric_series_dropped_total{metric=\"c\"} 2\n"))
    }

    @Test func countersOnlyGrow() {
        let counter = Counter()
        counter.increment(by: 5)
        counter.increment(by: -3)
        counter.increment(by: 0)
        #expect(counter.value == 5)
    }

    @Test func histogramsKeepOnlyAscendingPositiveBounds() {
        let histogram = Histogram(bounds: [-1, 0, 0.5, 0.5, 0.25, 1, .infinity, .nan])
        #expect(histogram.bounds == [0.5, 1])
        histogram.observe(nanoseconds: .max)
        #expect(histogram.bucketCounts == [0, 0, 1])
    }

    @Test func countsFromManyThreadsAddUp() async {
        let family = MetricRegistry().histograms("h", help: "", labels: ["x"])
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask { for _ in 0..<1_000 { family.with("a").observe(nanoseconds: 2_000_000) } }
            }
        }
        #expect(family.with("a").bucketCounts.reduce(0, +) == 8_000)
        #expect(family.with("a").sum == 16)
    }
}
