/// Spans of time as users write them: a whole number and `ms`, `s`, `min` or `h`.
package enum DurationText {
    private static let milliseconds: [(unit: String, factor: Int64)] = [
        ("h", 3_600_000), ("min", 60_000), ("s", 1_000), ("ms", 1),
    ]

    /// What it looks like.
    static let pattern = "^[0-9]+(ms|s|min|h)$"

    /// The duration; `nil` where `text` is none, or longer than any clock.
    package static func parse(_ text: String) -> Duration? {
        guard let (number, unit) = NumberWithUnit.split(text),
            let factor = milliseconds.first(where: { $0.unit == unit })?.factor
        else { return nil }
        let (total, overflow) = number.multipliedReportingOverflow(by: factor)
        return overflow ? nil : .milliseconds(total)
    }

    /// The shortest way to write `duration`, cut to whole milliseconds.
    static func text(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let total = seconds * 1_000 + attoseconds / 1_000_000_000_000_000
        guard total != 0, let (unit, factor) = milliseconds.first(where: { total % $0.factor == 0 }) else {
            return "0s"
        }
        return "\(total / factor)\(unit)"
    }

    /// What to write instead of `text`.
    static func advice(for text: String, example: String) -> String {
        guard let (number, unit) = NumberWithUnit.split(text) else {
            return "write a whole number and ms, s, min or h, e.g. \(example)"
        }
        switch unit {
        case "": return "write \(number)s"
        case "m": return "write \(number)min, or \(number)ms"
        case "sec", "second", "seconds": return "write \(number)s"
        case "hour", "hours": return "write \(number)h"
        case "minute", "minutes": return "write \(number)min"
        default: return "units are ms, s, min and h"
        }
    }
}
