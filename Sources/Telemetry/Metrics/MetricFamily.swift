internal import NIOConcurrencyHelpers

/// A metric that can be part of a family: it knows its type's name and how to write its samples.
package protocol Instrument: AnyObject, Sendable {
    /// The name of the type in the exposition format.
    static var typeName: String { get }
    /// Appends the samples of one series.
    func write(name: String, labels: String, to text: inout String)
}

/// All series of one metric: one for each combination of label values.
package final class MetricFamily<Member: Instrument>: Sendable {
    package let name: String
    package let help: String
    package let labelNames: [String]
    private let limit: Int
    private let make: @Sendable () -> Member
    private let dropped: Counter
    private let series = NIOLockedValueBox<[[String]: Member]>([:])

    init(
        name: String, help: String, labelNames: [String], limit: Int, dropped: Counter,
        make: @escaping @Sendable () -> Member
    ) {
        self.name = name
        self.help = help
        self.labelNames = labelNames
        self.limit = limit
        self.dropped = dropped
        self.make = make
    }

    /// The series with these label values, made at its first use. Takes a lock: resolve it once and keep it.
    ///
    /// A family that is full counts the refusal and hands out an instrument that works but is never shown.
    package func with(_ labelValues: String...) -> Member {
        // One value a name, come what may: a series with the wrong labels would spoil the whole scrape.
        let key = labelNames.indices.map { $0 < labelValues.count ? labelValues[$0] : "" }
        return series.withLockedValue { series in
            if let member = series[key] { return member }
            let member = make()
            if series.count < limit { series[key] = member } else { dropped.increment() }
            return member
        }
    }

    /// How many series there are.
    package var count: Int { series.withLockedValue { $0.count } }
}

extension MetricFamily: ExpositionSource {
    func write(to text: inout String) {
        let all = series.withLockedValue { $0 }.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        guard !all.isEmpty else { return }
        Exposition.writeHeader(name: name, help: help, type: Member.typeName, to: &text)
        for (values, member) in all {
            let labels = zip(labelNames, values).map { "\($0)=\"\(Exposition.escapedLabel($1))\"" }
            member.write(name: name, labels: labels.joined(separator: ","), to: &text)
        }
    }
}

extension Counter: Instrument {
    package static var typeName: String { "counter" }

    package func write(name: String, labels: String, to text: inout String) {
        Exposition.writeSample(name: name, labels: labels, value: String(value), to: &text)
    }
}

extension Gauge: Instrument {
    package static var typeName: String { "gauge" }

    package func write(name: String, labels: String, to text: inout String) {
        Exposition.writeSample(name: name, labels: labels, value: String(value), to: &text)
    }
}

extension Histogram: Instrument {
    package static var typeName: String { "histogram" }

    package func write(name: String, labels: String, to text: inout String) {
        let comma = labels.isEmpty ? "" : ","
        var cumulative: UInt64 = 0
        for (index, count) in bucketCounts.enumerated() {
            cumulative &+= count
            let bound = index < bounds.count ? Exposition.text(of: bounds[index]) : "+Inf"
            Exposition.writeSample(
                name: name + "_bucket", labels: "\(labels)\(comma)le=\"\(bound)\"", value: String(cumulative),
                to: &text)
        }
        Exposition.writeSample(name: name + "_sum", labels: labels, value: Exposition.text(of: sum), to: &text)
        // The count is the last bucket's, so that one scrape never contradicts itself.
        Exposition.writeSample(name: name + "_count", labels: labels, value: String(cumulative), to: &text)
    }
}
