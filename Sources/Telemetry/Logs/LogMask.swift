internal import NIOConcurrencyHelpers

/// What stands in the place of texts that may not be logged; it may change while the gateway runs.
package final class LogMask: Sendable {
    private let locked = NIOLockedValueBox<(@Sendable (String) -> String)?>(nil)

    package init() {}

    /// From now on texts are logged as `mask` gives them; `nil` leaves them as they are.
    package func become(_ mask: (@Sendable (String) -> String)?) { locked.withLockedValue { $0 = mask } }

    package func masked(_ text: String) -> String {
        guard let mask = locked.withLockedValue({ $0 }) else { return text }
        return mask(text)
    }
}
