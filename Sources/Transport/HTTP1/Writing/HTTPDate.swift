/// The `Date` header field (RFC 9110, section 5.6.7), made at most once a second by each event loop that asks.
struct HTTPDate {
    private var second: Int = -1
    private var text = ""

    private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// The field's value for a moment in seconds since 1970.
    mutating func value(secondsSince1970 now: Int) -> String {
        if now != second {
            second = now
            text = Self.format(now)
        }
        return text
    }

    /// The moment as `Sun, 06 Nov 1994 08:49:37 GMT`. Days to date by Howard Hinnant's civil_from_days.
    static func format(_ seconds: Int) -> String {
        let days = seconds / 86400
        let time = seconds % 86400
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthIndex = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthIndex + 2) / 5 + 1
        let month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(Self.days[days % 7]), \(two(day)) \(months[month - 1]) \(year) "
            + "\(two(time / 3600)):\(two(time / 60 % 60)):\(two(time % 60)) GMT"
    }
}
