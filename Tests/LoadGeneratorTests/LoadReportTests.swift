import Foundation
import LoadGenerator
import Tensors
import Testing

@Suite struct LoadReportTests {
    private let start = MonotonicTime(nanoseconds: 1_000_000_000)

    private func ticket(after milliseconds: UInt64, recorded: Bool = true) -> Pacer.Ticket {
        Pacer.Ticket(due: start.advanced(byNanoseconds: milliseconds * 1_000_000), isRecorded: recorded)
    }

    private func plan(_ change: (inout LoadPlan) -> Void = { _ in }) throws -> LoadPlan {
        var plan = LoadPlan(
            address: try ServerAddress("127.0.0.1:8000"),
            template: RequestTemplate(path: "/v2/models/m/infer", headers: [], body: []))
        change(&plan)
        return plan
    }

    /// A thousand answers, the n-th after n milliseconds.
    private func tally() -> LoadTally {
        var tally = LoadTally()
        for number in 1...1000 {
            let now = start.advanced(byNanoseconds: UInt64(number) * 1_000_000)
            tally.answer(ticket(after: 0), status: 200, received: 1000, sent: 500, at: now)
        }
        return tally
    }

    @Test func percentilesAreWithinThreeDigits() throws {
        let report = LoadReport(tally(), plan: try plan { $0.length = .requests(1000) }, began: start)
        for (found, wanted) in [
            (report.latency.p50, 500_000.0), (report.latency.p90, 900_000), (report.latency.p99, 990_000),
            (report.latency.p999, 999_000), (report.latency.max, 1_000_000), (report.latency.min, 1000),
            (report.latency.mean, 500_500),
        ] { #expect(abs(found - wanted) <= wanted / 1000) }
        #expect(report.requests == 1000)
        #expect(report.seconds == 1)
        #expect(report.requestsPerSecond == 1000)
        #expect(report.megabytesReceivedPerSecond == 1)
        #expect(report.megabytesSentPerSecond == 0.5)
        #expect(report.isClean)
    }

    @Test func aTimedRunIsNeverShorterThanItsTime() throws {
        let report = LoadReport(tally(), plan: try plan { $0.length = .nanoseconds(4_000_000_000) }, began: start)
        #expect(report.seconds == 4)
        #expect(report.requestsPerSecond == 250)
    }

    @Test func failuresAreCountedByStatusAndKeptOutOfLatencies() throws {
        var tally = LoadTally()
        tally.answer(ticket(after: 0), status: 200, received: 1, sent: 1, at: start.advanced(byNanoseconds: 1_000_000))
        for status in [503, 503, 429] {
            tally.answer(
                ticket(after: 0), status: status, received: 1, sent: 1, at: start.advanced(byNanoseconds: 9_000_000_000)
            )
        }
        tally.answer(ticket(after: 0, recorded: false), status: 500, received: 1, sent: 1, at: start)
        tally.fail("timeout")
        tally.unsent = 3
        var other = LoadTally()
        other.fail("timeout")
        other.unsent = 4
        tally.add(other)
        let report = LoadReport(tally, plan: try plan(), began: start)
        #expect(report.failures == ["503": 2, "429": 1, "timeout": 2])
        #expect(report.unsent == 7)
        #expect(report.requests == 1)
        #expect(report.latency.max < 1010)
        #expect(tally.failed == 5)
        #expect(!report.isClean)
        #expect(report.text.contains("failed: 2 × 503"))
        #expect(report.text.contains("never sent: 7"))
    }

    @Test func jsonHasStableNames() throws {
        let plan = try plan { $0.load = .open(rate: 50, spacing: .even) }
        let text = LoadReport(tally(), plan: plan, began: start).json
        let document = try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect(
            Set(document.keys) == [
                "url", "loop", "connections", "rate", "seconds", "requests", "requests_per_second", "failures",
                "unsent",
                "megabytes_sent_per_second", "megabytes_received_per_second", "latency",
            ])
        #expect(document["url"] as? String == "http://127.0.0.1:8000/v2/models/m/infer")
        #expect(document["loop"] as? String == "open")
        let latency = try #require(document["latency"] as? [String: Any])
        #expect(Set(latency.keys) == ["mean", "min", "p50", "p90", "p99", "p999", "p9999", "max"])
    }

    @Test func nothingMeasuredIsAReportToo() throws {
        let report = LoadReport(LoadTally(), plan: try plan { $0.length = .requests(1) }, began: start)
        #expect(report.requests == 0)
        #expect(!report.isClean)
        let document = try JSONSerialization.jsonObject(with: Data(report.json.utf8)) as? [String: Any]
        #expect(document?["requests_per_second"] as? Double == 0)
    }
}
