internal import Foundation

/// Names of time zones, as the tz database has them.
enum TimeZoneText {
    static var known: [String] { TimeZone.knownTimeZoneIdentifiers + ["UTC"] }

    /// Whether there is such a zone.
    static func isKnown(_ text: String) -> Bool {
        // Offsets such as GMT+1 would be taken too, and mean the opposite to some.
        text == "UTC" || text.contains("/") && TimeZone(identifier: text) != nil
    }
}
