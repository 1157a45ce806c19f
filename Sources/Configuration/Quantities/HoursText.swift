/// Hours of a day as users write them: `08:00-18:00`; `22:00-06:00` ends on the next day.
enum HoursText {
    /// `nil` where the text is none, or no time at all.
    static func parse(_ text: String) -> AccessHours.Span? {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map(minutes)
        guard ends.count == 2, let begin = ends[0], let end = ends[1], begin != end, begin < 1_440, end > 0 else {
            return nil
        }
        return AccessHours.Span(begin: begin, end: end)
    }

    static func text(_ span: AccessHours.Span) -> String { "\(clock(span.begin))-\(clock(span.end))" }

    private static func clock(_ minutes: Int) -> String {
        func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(padded(minutes / 60)):\(padded(minutes % 60))"
    }

    /// What `08:00` says; up to `24:00`.
    private static func minutes(_ text: Substring) -> Int? {
        let bytes = Array(text.utf8)
        guard bytes.count == 5, bytes[2] == UInt8(ascii: ":"),
            [0, 1, 3, 4].allSatisfy({ (0x30...0x39).contains(bytes[$0]) })
        else { return nil }
        let hours = Int(bytes[0] - 0x30) * 10 + Int(bytes[1] - 0x30)
        let minutes = Int(bytes[3] - 0x30) * 10 + Int(bytes[4] - 0x30)
        return minutes < 60 && hours * 60 + minutes <= 1_440 ? hours * 60 + minutes : nil
    }
}
