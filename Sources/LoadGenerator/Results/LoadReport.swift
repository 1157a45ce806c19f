internal import Foundation
internal import Histogram
package import Tensors

/// The outcome of a run, for people and for programs.
package struct LoadReport: Sendable, Codable, Equatable {
    /// Microseconds.
    package struct Latency: Sendable, Codable, Equatable {
        package var mean, min, p50, p90, p99, p999, p9999, max: Double
    }

    package var url: String
    /// `closed` or `open`.
    package var loop: String
    package var connections: Int
    /// Requests per second asked for, in an open loop.
    package var rate: Double?
    /// From the end of warming up to the last answer.
    package var seconds: Double
    /// Answers with a status of 200 to 299.
    package var requests: Int
    package var requestsPerSecond: Double
    /// Everything else, by status, or `connect`, `reset`, `closed`, `timeout`, `malformed`.
    package var failures: [String: Int]
    /// Requests that were due and never went out, as no connection was free.
    package var unsent: Int
    package var megabytesSentPerSecond: Double
    package var megabytesReceivedPerSecond: Double
    package var latency: Latency

    package init(_ tally: LoadTally, plan: LoadPlan, began: MonotonicTime) {
        url = "http://\(plan.address.text)\(plan.template.path)"
        connections = plan.connections
        switch plan.load {
        case .closed: loop = "closed"
        case .open(let rate, _): (loop, self.rate) = ("open", rate)
        }
        var nanoseconds = (tally.last ?? began).nanoseconds(since: began)
        if case .nanoseconds(let length) = plan.length, !plan.wasStoppedEarly {
            nanoseconds = Swift.max(nanoseconds, length)
        }
        seconds = Double(nanoseconds) / 1e9
        requests = tally.answered
        let perSecond = seconds > 0 ? 1 / seconds : 0
        requestsPerSecond = Double(requests) * perSecond
        megabytesSentPerSecond = Double(tally.bytesSent) / 1e6 * perSecond
        megabytesReceivedPerSecond = Double(tally.bytesReceived) / 1e6 * perSecond
        failures = tally.losses
        for (status, count) in tally.statuses where !(200...299).contains(status) {
            failures[String(status), default: 0] += count
        }
        unsent = tally.unsent
        let histogram = tally.latencies
        func microseconds(_ nanoseconds: UInt64) -> Double { Double(nanoseconds) / 1000 }
        func percentile(_ percentile: Double) -> Double { microseconds(histogram.valueAtPercentile(percentile)) }
        latency =
            histogram.totalCount == 0
            ? Latency(mean: 0, min: 0, p50: 0, p90: 0, p99: 0, p999: 0, p9999: 0, max: 0)
            : Latency(
                mean: histogram.mean / 1000, min: microseconds(histogram.min), p50: percentile(50), p90: percentile(90),
                p99: percentile(99), p999: percentile(99.9), p9999: percentile(99.99), max: microseconds(histogram.max))
    }

    /// One JSON object with sorted keys in snake case.
    package var json: String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(self) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }

    /// A few lines for a terminal.
    package var text: String {
        var lines = [
            "\(requests) requests in \(Self.number(seconds, 2)) s on \(connections) connections: "
                + "\(Self.number(requestsPerSecond, 1)) a second"
                + (rate.map { " of \(Self.number($0, 1)) asked for" } ?? ""),
            "sent \(Self.number(megabytesSentPerSecond, 2)) MB/s, received "
                + "\(Self.number(megabytesReceivedPerSecond, 2)) MB/s",
            "latency, from when a request was due:",
        ]
        for (name, value) in [
            ("mean", latency.mean), ("min", latency.min), ("p50", latency.p50), ("p90", latency.p90),
            ("p99", latency.p99), ("p99.9", latency.p999), ("p99.99", latency.p9999), ("max", latency.max),
        ] { lines.append("  \(name.padded(to: 7)) \(Self.duration(microseconds: value))") }
        for (reason, count) in failures.sorted(by: { $0.key < $1.key }) { lines.append("failed: \(count) × \(reason)") }
        if unsent > 0 { lines.append("never sent: \(unsent), for the server was too slow for this rate") }
        return lines.joined(separator: "\n")
    }

    /// Nothing failed and nothing was left unsent.
    package var isClean: Bool { failures.isEmpty && unsent == 0 && requests > 0 }

    private static func number(_ value: Double, _ digits: Int) -> String {
        String(format: "%.\(digits)f", value)
    }

    private static func duration(microseconds: Double) -> String {
        switch microseconds {
        case ..<1000: "\(number(microseconds, 1)) µs"
        case ..<1_000_000: "\(number(microseconds / 1000, 2)) ms"
        default: "\(number(microseconds / 1_000_000, 2)) s"
        }
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: Swift.max(0, width - count))
    }
}
