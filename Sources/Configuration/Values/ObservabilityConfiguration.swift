/// Where the gateway tells what it does.
package struct ObservabilityConfiguration: Sendable, Equatable {
    package enum Output: Sendable, Equatable {
        case none
        case stdout
        case stderr
        /// An absolute path; lines are appended.
        case file(String)
    }

    package enum Level: String, Sendable, CaseIterable {
        case debug
        case info
        case warning
        case error
    }

    package var accessLog: Output = .stdout
    package var logLevel: Level = .info
    /// Names of entries of `redaction` whose findings are masked in what is logged, whatever else they do.
    package var redactions: [String] = []

    package init() {}
}
