/// What of requests is watched for being unlike what it usually is.
package struct AnomalyConfiguration: Sendable, Equatable {
    package enum Signal: String, Sendable, CaseIterable {
        /// The share of requests that are refused.
        case rejects
        /// The share of requests that don't prove who makes them.
        case authFailures = "auth_failures"
        /// Bodies that are much larger than nearly all are.
        case payloadSize = "payload_size"
    }

    package var signals: Set<Signal>
    /// The time that is held against what was before.
    package var window: Duration
    /// How many times what is usual is too much.
    package var factor: Int
    /// So many requests of a window must be unusual.
    package var least: Int

    package init(
        signals: Set<Signal> = Set(Signal.allCases), window: Duration = .seconds(60), factor: Int = 4, least: Int = 20
    ) {
        self.signals = signals
        self.window = window
        self.factor = factor
        self.least = least
    }
}
