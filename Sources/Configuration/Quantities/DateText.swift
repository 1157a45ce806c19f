/// Moments as users write them: `2027-01-01`, or `2027-01-01T08:30:00Z` (RFC 3339 in UTC).
enum DateText {
    /// Seconds since 1970 at which the day, or the moment, begins; `nil` where `text` is no date that exists.
    static func parse(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count == 10 || (bytes.count == 20 && bytes[10] == 0x54 && bytes[19] == 0x5A),
            bytes[4] == 0x2D, bytes[7] == 0x2D,
            let year = number(bytes[0..<4]), let month = number(bytes[5..<7]), let day = number(bytes[8..<10]),
            year >= 1970, (1...12).contains(month), (1...days(in: month, of: year)).contains(day)
        else { return nil }
        var seconds = daysSince1970(year: year, month: month, day: day) * 86_400
        if bytes.count == 20 {
            guard bytes[13] == 0x3A, bytes[16] == 0x3A,
                let hour = number(bytes[11..<13]), let minute = number(bytes[14..<16]),
                let second = number(bytes[17..<19]), hour < 24, minute < 60, second < 60
            else { return nil }
            seconds += hour * 3_600 + minute * 60 + second
        }
        return seconds
    }

    /// The moment as users write it: just the day where one begins then.
    static func text(_ seconds: Int64) -> String {
        let (days, rest) = seconds.quotientAndRemainder(dividingBy: 86_400)
        var year: Int64 = 1970
        var left = days
        while left >= (isLeap(year) ? 366 : 365) {
            left -= isLeap(year) ? 366 : 365
            year += 1
        }
        var month: Int64 = 1
        while left >= Self.days(in: month, of: year) {
            left -= Self.days(in: month, of: year)
            month += 1
        }
        func padded(_ number: Int64, _ width: Int = 2) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let date = "\(padded(year, 4))-\(padded(month))-\(padded(left + 1))"
        guard rest != 0 else { return date }
        return "\(date)T\(padded(rest / 3_600)):\(padded(rest / 60 % 60)):\(padded(rest % 60))Z"
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int64? {
        guard digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
    }

    private static func isLeap(_ year: Int64) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

    private static func days(in month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private static func daysSince1970(year: Int64, month: Int64, day: Int64) -> Int64 {
        let before = year - 1
        var days =
            (year - 1970) * 365 + (before / 4 - before / 100 + before / 400) - (1969 / 4 - 1969 / 100 + 1969 / 400)
        for earlier in 1..<month { days += Self.days(in: earlier, of: year) }
        return days + day - 1
    }
}
