/// Something that has samples to show at a scrape.
protocol ExpositionSource: Sendable {
    /// Appends a metric's header and samples; nothing where it has no samples.
    func write(to text: inout String)
}

/// The text format of Prometheus, version 0.0.4.
package enum Exposition {
    /// What an answer in this format has as its `Content-Type`.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    static func writeHeader(name: String, help: String, type: String, to text: inout String) {
        text += "# HELP \(name) \(escapedHelp(help))\n# TYPE \(name) \(type)\n"
    }

    static func writeSample(name: String, labels: String, value: String, to text: inout String) {
        text += labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels)} \(value)\n"
    }

    /// The number as Go's ParseFloat reads it; whole ones without a fraction.
    static func text(of value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if let whole = Int(exactly: value), abs(value) < 1e15 { return String(whole) }
        return String(value)
    }

    static func escapedHelp(_ text: String) -> String { escaped(text, quotes: false) }
    static func escapedLabel(_ text: String) -> String { escaped(text, quotes: true) }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        guard text.utf8.contains(where: { $0 == 0x5C || $0 == 0x0A || quotes && $0 == 0x22 }) else { return text }
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
