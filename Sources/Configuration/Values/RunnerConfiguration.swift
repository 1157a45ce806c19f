/// Where a plugin's code runs.
package enum Isolation: String, Sendable, CaseIterable {
    /// In the gateway's own process: the quickest, and the plugin's crash is the gateway's.
    case inProcess = "in-process"
    /// In a process of its own.
    case process
}

/// How a plugin's own process is locked up.
package struct RunnerConfiguration: Sendable, Equatable {
    package enum Sandbox: String, Sendable, CaseIterable {
        case strict
        case standard
        case off
    }

    package enum Network: String, Sendable, CaseIterable {
        case none
        case any
    }

    package var sandbox = Sandbox.standard
    /// Bytes of memory that a runner may take; `nil` is no bound.
    package var memory: Int?
    /// Absolute paths that it may read, where the sandbox lets it read only what is granted.
    package var readablePaths: [String] = []
    /// Absolute paths that it may read and write.
    package var writablePaths: [String] = []
    package var network = Network.none
    /// Variables of the gateway's environment that it gets.
    package var environment: [String] = []
    /// How long a request may go on beyond its deadline before the runner is killed.
    package var grace: Duration = .seconds(1)

    package init() {}
}
