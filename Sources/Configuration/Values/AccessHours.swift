/// Hours of the week, by the clocks of one time zone.
package struct AccessHours: Sendable, Hashable {
    /// Minutes of a day; one that ends before it begins ends on the day after.
    package struct Span: Sendable, Hashable {
        package var begin: Int
        package var end: Int

        package init(begin: Int, end: Int) {
            self.begin = begin
            self.end = end
        }
    }

    /// From Monday, 0, to Sunday, 6.
    package var days: Set<Int>
    /// Empty for the whole day.
    package var spans: [Span]
    /// As the tz database calls it.
    package var zone: String

    package static let allDays = Set(0..<7)

    package init(days: Set<Int> = allDays, spans: [Span] = [], zone: String = "UTC") {
        self.days = days
        self.spans = spans
        self.zone = zone
    }
}
