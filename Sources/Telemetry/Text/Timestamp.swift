/// Writes moments as RFC 3339 does, in UTC with milliseconds; the text of a second is made once and kept.
struct Timestamp: Sendable {
    /// The second that `text` shows; none at first.
    private var second: Int64?
    /// `2026-11-24T08:20:31.`
    private var text: [UInt8] = []

    /// Appends the moment `milliseconds` after 1970, without quotes.
    mutating func append(milliseconds: Int64, to bytes: inout [UInt8]) {
        let second = milliseconds.dividing(by: 1_000)
        if second != self.second {
            self.second = second
            text = Self.text(ofSecond: second)
        }
        bytes.append(contentsOf: text)
        // Never multiplied back: that would overflow in the first second that an Int64 can name.
        let rest = milliseconds % 1_000
        JSONText.append(Int(rest < 0 ? rest + 1_000 : rest), digits: 3, to: &bytes)
        bytes.append(UInt8(ascii: "Z"))
    }

    private static func text(ofSecond second: Int64) -> [UInt8] {
        let days = second.dividing(by: 86_400)
        let rest = second - days * 86_400
        let date = civil(daysSince1970: days)
        var text: [UInt8] = []
        for (value, digits, end) in [
            (date.year, 4, "-"), (date.month, 2, "-"), (date.day, 2, "T"),
            (rest / 3_600, 2, ":"), (rest / 60 % 60, 2, ":"), (rest % 60, 2, "."),
        ] {
            JSONText.append(Int(value), digits: digits, to: &text)
            text.append(contentsOf: end.utf8)
        }
        return text
    }

    /// The Gregorian date of a day, by the arithmetic of 400-year eras that begin on 1 March, so that the leap day is a
    /// year's last.
    private static func civil(daysSince1970 days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = shifted.dividing(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
    }
}

extension Int64 {
    /// The quotient rounded down, also below zero.
    fileprivate func dividing(by divisor: Int64) -> Int64 {
        self >= 0 ? self / divisor : (self + 1) / divisor - 1
    }
}
