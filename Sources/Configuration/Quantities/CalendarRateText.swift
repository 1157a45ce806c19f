/// How much in a day or a month, as users write it: `10000/day`.
struct CalendarRateText: Sendable, Equatable {
    var count: Int
    var unit: LimitConfiguration.Quota.CalendarUnit

    /// The rate; `nil` where `text` is none.
    static func parse(_ text: String) -> CalendarRateText? {
        guard let (number, rest) = NumberWithUnit.split(text), rest.first == "/",
            let unit = LimitConfiguration.Quota.CalendarUnit(rawValue: String(rest.dropFirst())),
            let count = Int(exactly: number), (1...RateText.highestCount).contains(count)
        else { return nil }
        return CalendarRateText(count: count, unit: unit)
    }

    /// What to write instead of `text`.
    static func advice(for text: String) -> String {
        guard let (number, _) = NumberWithUnit.split(text), (1...Int64(RateText.highestCount)).contains(number) else {
            return "write a number from 1 to \(RateText.highestCount) and a period, e.g. 10000/day"
        }
        return "write \(number)/day or \(number)/month; shorter windows are rolling"
    }
}
