/// What the gateway offers to plugins: where their log lines, metrics and broken promises go.
package struct PluginServices: Sendable {
    package enum LogLevel: Int32, Sendable {
        case debug = 0
        case info = 1
        case warning = 2
        case error = 3
    }

    package enum MetricKind: Int32, Sendable {
        case counter = 0
        case gauge = 1
        case histogram = 2
    }

    /// Messages below it are dropped before they are formatted.
    package var logLevel: LogLevel
    /// Called from any thread with the model's name (or the file's path, before there is a model) and a line of text.
    package var log: @Sendable (_ level: LogLevel, _ model: String, _ message: String) -> Void
    /// Registers a metric; 0 refuses it.
    package var metric: @Sendable (_ kind: MetricKind, _ model: String, _ name: String, _ help: String) -> UInt32
    /// Records a value for a registered metric.
    package var observe: @Sendable (_ metric: UInt32, _ value: Double) -> Void
    /// Called when a plugin breaks the contract, e.g. answers twice.
    package var violation: @Sendable (_ model: String, _ requestID: String, _ message: String) -> Void
    /// Called when a runner ended that should not have.
    package var failure: @Sendable (RunnerFailure) -> Void

    package init(
        logLevel: LogLevel,
        log: @escaping @Sendable (LogLevel, String, String) -> Void,
        metric: @escaping @Sendable (MetricKind, String, String, String) -> UInt32,
        observe: @escaping @Sendable (UInt32, Double) -> Void,
        violation: @escaping @Sendable (String, String, String) -> Void,
        failure: @escaping @Sendable (RunnerFailure) -> Void = { _ in }
    ) {
        self.logLevel = logLevel
        self.log = log
        self.metric = metric
        self.observe = observe
        self.violation = violation
        self.failure = failure
    }
}
