package import Configuration
package import Logging

extension ObservabilityConfiguration.Level {
    /// The level as the log knows it.
    package var loggerLevel: Logger.Level {
        switch self {
        case .debug: .debug
        case .info: .info
        case .warning: .warning
        case .error: .error
        }
    }
}
