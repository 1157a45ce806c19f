internal import Configuration
internal import Foundation

/// Days or months as the calendar of a time zone has them.
package struct CalendarPeriod: Sendable, Equatable {
    let unit: LimitConfiguration.Quota.CalendarUnit
    let zone: String
    private let calendar: Calendar

    init(_ unit: LimitConfiguration.Quota.CalendarUnit, zone: String) {
        self.unit = unit
        self.zone = zone
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = TimeZone(identifier: zone) ?? .gmt
        self.calendar = calendar
    }

    package static func == (left: CalendarPeriod, right: CalendarPeriod) -> Bool {
        left.unit == right.unit && left.zone == right.zone
    }

    /// The window that holds a moment; all in nanoseconds since 1970. Takes microseconds: ask once for each window.
    func window(at wall: UInt64) -> Range<UInt64> {
        let seconds = Double(wall / 1_000_000_000)
        let component: Calendar.Component = unit == .day ? .day : .month
        guard let interval = calendar.dateInterval(of: component, for: Date(timeIntervalSince1970: seconds)) else {
            // No calendar lacks a day: this keeps the window to what is certain.
            return wall..<wall.advanced(by: 1)
        }
        let start = UInt64(max(0, interval.start.timeIntervalSince1970)) * 1_000_000_000
        let end = UInt64(max(1, interval.end.timeIntervalSince1970)) * 1_000_000_000
        return start..<max(end, wall + 1)
    }
}
