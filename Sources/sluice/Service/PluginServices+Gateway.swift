internal import Logging
internal import PluginHost
internal import Telemetry

extension PluginServices {
    /// Plugins' log lines go to the gateway's log, their metrics beside the gateway's own.
    static func gateway(logger: Logger, metrics: GatewayMetrics) -> PluginServices {
        let pluginMetrics = metrics.plugins
        return PluginServices(
            logLevel: LogLevel(logger.logLevel),
            log: { level, model, message in
                logger.log(
                    level: level.loggerLevel, "plugin says", metadata: ["model": "\(model)", "text": "\(message)"])
            },
            metric: { kind, model, name, help in
                pluginMetrics.register(kind.kind, model: model, name: name, help: help)
            },
            observe: { metric, value in pluginMetrics.observe(metric, value: value) },
            violation: { model, requestID, message in
                metrics.contractViolations(model: model).increment()
                logger.error(
                    "plugin broke its contract",
                    metadata: ["model": "\(model)", "request_id": "\(requestID)", "reason": "\(message)"])
            },
            failure: { failure in
                metrics.runnerFailed(model: failure.model, cause: failure.cause.rawValue)
                logger.error(
                    "runner ended",
                    metadata: [
                        "model": "\(failure.model)", "cause": "\(failure.cause.rawValue)",
                        "reason": "\(failure.reason)", "end": "\(failure.end)",
                        "request_ids": "\(failure.requestIDs.prefix(32).joined(separator: " "))",
                        "last_lines": "\(failure.lastLines.joined(separator: "\n"))",
                        "restarts_in_ms": "\(failure.restartsIn / 1_000_000)", "breaker_open": "\(failure.isOpen)",
                    ])
            })
    }
}

extension PluginServices.LogLevel {
    fileprivate init(_ level: Logger.Level) {
        switch level {
        case .trace, .debug: self = .debug
        case .info, .notice: self = .info
        case .warning: self = .warning
        case .error, .critical: self = .error
        }
    }

    fileprivate var loggerLevel: Logger.Level {
        switch self {
        case .debug: .debug
        case .info: .info
        case .warning: .warning
        case .error: .error
        }
    }
}

extension PluginServices.MetricKind {
    fileprivate var kind: PluginMetrics.Kind {
        switch self {
        case .counter: .counter
        case .gauge: .gauge
        case .histogram: .histogram
        }
    }
}
