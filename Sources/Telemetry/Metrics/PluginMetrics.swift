internal import NIOConcurrencyHelpers

/// Metrics that plugins define and fill themselves; each is shown as `sluice_plugin_<name>{model="…"}`.
package final class PluginMetrics: Sendable {
    package enum Kind: String, Sendable {
        case counter
        case gauge
        case histogram
    }

    private struct Series: Sendable {
        var kind: Kind
        var model: String
        var name: String
        var help: String
        /// A counter's or gauge's value; a histogram's sum.
        var value = 0.0
        var count = 0
        var buckets: [Int] = []
    }

    /// All models together; a plugin that makes metrics without end is refused.
    package static let limit = 1000
    /// Upper bounds of histogram buckets; plugins choose the unit, so they span many powers of ten.
    private static let bounds = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100, 1e3, 1e4, 1e5, 1e6]

    private let series = NIOLockedValueBox<[Series]>([])

    package init() {}

    /// Defines a metric, or finds it again.
    ///
    /// - Returns: its number, from 1 on; 0 where the name is no metric name, it was defined as another kind, or there are
    ///   too many.
    package func register(_ kind: Kind, model: String, name: String, help: String) -> UInt32 {
        guard Self.isMetricName(name) else { return 0 }
        return series.withLockedValue { series in
            if let index = series.firstIndex(where: { $0.model == model && $0.name == name }) {
                return series[index].kind == kind ? UInt32(index + 1) : 0
            }
            // All series of one name are of one kind, or the scrape would be malformed.
            guard series.count < Self.limit, !series.contains(where: { $0.name == name && $0.kind != kind }) else {
                return 0
            }
            var new = Series(kind: kind, model: model, name: name, help: help)
            if kind == .histogram { new.buckets = Array(repeating: 0, count: Self.bounds.count + 1) }
            series.append(new)
            return UInt32(series.count)
        }
    }

    /// Adds to a counter, sets a gauge, counts a value of a histogram. Unknown numbers and NaN are ignored.
    package func observe(_ metric: UInt32, value: Double) {
        guard !value.isNaN else { return }
        series.withLockedValue { series in
            guard metric >= 1, Int(metric) <= series.count else { return }
            let index = Int(metric) - 1
            switch series[index].kind {
            case .counter: if value >= 0 { series[index].value += value }
            case .gauge: series[index].value = value
            case .histogram:
                series[index].value += value
                series[index].count += 1
                series[index].buckets[Self.bounds.firstIndex { value <= $0 } ?? Self.bounds.count] += 1
            }
        }
    }

    private static func isMetricName(_ name: String) -> Bool {
        guard (1...128).contains(name.utf8.count), let first = name.utf8.first, !(0x30...0x39).contains(first) else {
            return false
        }
        return name.utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x5F
        }
    }
}

extension PluginMetrics: ExpositionSource {
    func write(to text: inout String) {
        let all = series.withLockedValue { $0 }
        var written: Set<String> = []
        for first in all where written.insert(first.name).inserted {
            let name = "sluice_plugin_\(first.name)"
            Exposition.writeHeader(name: name, help: first.help, type: first.kind.rawValue, to: &text)
            for one in all where one.name == first.name { Self.write(one, name: name, to: &text) }
        }
    }

    private static func write(_ series: Series, name: String, to text: inout String) {
        let model = "model=\"\(Exposition.escapedLabel(series.model))\""
        guard series.kind == .histogram else {
            Exposition.writeSample(name: name, labels: model, value: Exposition.text(of: series.value), to: &text)
            return
        }
        var total = 0
        for (index, count) in series.buckets.enumerated() {
            total += count
            let bound = index < bounds.count ? Exposition.text(of: bounds[index]) : "+Inf"
            Exposition.writeSample(
                name: "\(name)_bucket", labels: "\(model),le=\"\(bound)\"", value: String(total), to: &text)
        }
        Exposition.writeSample(name: "\(name)_sum", labels: model, value: Exposition.text(of: series.value), to: &text)
        Exposition.writeSample(name: "\(name)_count", labels: model, value: String(series.count), to: &text)
    }
}
