internal import Configuration
internal import Foundation
internal import Synchronization

/// Tells whether it is one of the hours that a rule names.
///
/// Calendars are slow, so they are asked once a minute at most; what they said is kept with the minute that it is about.
final class AccessClock: Sendable {
    private let hours: AccessHours
    private let calendar: Calendar
    /// The minute since 1970, times two, plus one where it is within the hours.
    private let latest = Atomic<Int64>(-1)

    init(_ hours: AccessHours) {
        self.hours = hours
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = TimeZone(identifier: hours.zone) ?? .gmt
        self.calendar = calendar
    }

    /// - Parameter nowSeconds: seconds since 1970.
    func holds(nowSeconds: Int64) -> Bool {
        let minute = nowSeconds / 60
        let known = latest.load(ordering: .relaxed)
        if known >> 1 == minute, known >= 0 { return known & 1 == 1 }
        let holds = calculate(minute)
        latest.store(minute << 1 | (holds ? 1 : 0), ordering: .relaxed)
        return holds
    }

    private func calculate(_ minute: Int64) -> Bool {
        let date = Date(timeIntervalSince1970: Double(minute * 60))
        let parts = calendar.dateComponents([.weekday, .hour, .minute], from: date)
        // The calendar's week begins with a Sunday that is 1.
        let day = ((parts.weekday ?? 1) + 5) % 7
        let time = (parts.hour ?? 0) * 60 + (parts.minute ?? 0)
        if hours.spans.isEmpty { return hours.days.contains(day) }
        return hours.spans.contains { span in
            if span.begin < span.end { return hours.days.contains(day) && time >= span.begin && time < span.end }
            // What goes over midnight is of the day on which it began.
            return hours.days.contains(day) && time >= span.begin
                || hours.days.contains((day + 6) % 7) && time < span.end
        }
    }
}
