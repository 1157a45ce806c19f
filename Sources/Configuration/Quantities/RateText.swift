/// How often something may happen, as users write it: `100/min`.
struct RateText: Sendable, Equatable {
    var count: Int
    var period: Duration

    private static let periods: [String: Duration] = [
        "s": .seconds(1), "sec": .seconds(1), "min": .seconds(60), "hour": .seconds(3_600), "day": .seconds(86_400),
    ]

    /// The rate as users write it.
    var text: String {
        let unit =
            switch period {
            case .seconds(1): "s"
            case .seconds(60): "min"
            case .seconds(3_600): "hour"
            case .seconds(86_400): "day"
            default: DurationText.text(period)
            }
        return "\(count)/\(unit)"
    }

    /// The highest count: far above any real rate, far below any overflow.
    static let highestCount = 1_000_000_000_000

    /// The rate; `nil` where `text` is none.
    static func parse(_ text: String) -> RateText? {
        guard let (number, unit) = NumberWithUnit.split(text), unit.first == "/",
            let period = periods[String(unit.dropFirst())], let count = Int(exactly: number),
            (1...highestCount).contains(count)
        else { return nil }
        return RateText(count: count, period: period)
    }

    /// What to write instead of `text`.
    static func advice(for text: String) -> String {
        guard let (number, unit) = NumberWithUnit.split(text), (1...Int64(highestCount)).contains(number) else {
            return "write a number from 1 to \(highestCount) and a period, e.g. 100/min"
        }
        switch unit {
        case "": return "write \(number)/s or \(number)/min"
        case "/m", "/minute": return "write \(number)/min"
        case "/second": return "write \(number)/s"
        case "/h": return "write \(number)/hour"
        case "/d": return "write \(number)/day"
        default: return "periods are s, min, hour and day"
        }
    }
}
