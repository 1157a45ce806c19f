internal import ArgumentParser
internal import Configuration
internal import Foundation
internal import Gateway
internal import Glibc
internal import Logging
internal import NIOCore
internal import PluginHost
internal import Telemetry
internal import Tensors
internal import Transport

/// The serving process: from a checked file to the last answer.
struct GatewayProcess {
    private let loaded: ConfigurationFile.Loaded
    private let threads: Int
    private let logger: Logger

    init(_ loaded: ConfigurationFile.Loaded, threads: Int?) {
        self.loaded = loaded
        self.threads = threads ?? ProcessInfo.processInfo.activeProcessorCount
        let level = loaded.configuration.observability.logLevel.loggerLevel
        self.logger = Logger(label: "sluice") { JSONLogHandler(label: $0, level: level) }
    }

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        MemorySettings.keepLargeBlocks()
        let stop = StopSignals()
        let metrics = GatewayMetrics(version: sluiceVersion)
        let services = PluginServices.gateway(logger: logger, metrics: metrics)
        let models = ModelLoader(
            finder: ConfigurationFile.pluginFinder, runners: ConfigurationFile.runnerFinder, services: services,
            metrics: metrics, logger: logger, folder: loaded.file.folder
        ).load(loaded.configuration)

        let gate: Gate
        do {
            gate = try Gate(configuration: loaded.configuration, models: models, metrics: metrics, now: .now)
        } catch {
            loaded.file.report(error.diagnostics)
            throw ExitCode(1)
        }
        let accessLog = try openAccessLog(metrics: metrics)
        let server: GatewayServer
        do {
            server = try await GatewayServer.start(
                gate: gate, metrics: metrics, accessLog: accessLog, threads: threads, logger: logger)
        } catch {
            logger.critical("can't listen", metadata: ["reason": "\(error)"])
            throw ExitCode(1)
        }
        for (name, address) in server.addresses {
            logger.info("listening", metadata: ["listener": "\(name)", "address": "\(address.hostAndPort)"])
        }
        greet(server, gate: gate)

        let signalName = await stop.wait()
        logger.info("draining", metadata: ["signal": "\(signalName)"])
        let cut = await server.drain(timeout: loaded.configuration.drain)
        if cut > 0 { logger.warning("connections closed before their answer", metadata: ["count": "\(cut)"]) }
        for name in gate.shutDown() {
            logger.warning("model not freed: its plugin still holds requests", metadata: ["model": "\(name)"])
        }
        accessLog?.flush()
        logger.info("stopped")
    }

    private func openAccessLog(metrics: GatewayMetrics) throws -> AccessLog? {
        let output: LogOutput
        switch loaded.configuration.observability.accessLog {
        case .none: return nil
        case .stdout: output = .standardOutput
        case .stderr: output = .standardError
        case .file(let path):
            do {
                output = try .file(path)
            } catch {
                logger.critical("can't open the access log", metadata: ["path": "\(path)", "reason": "\(error)"])
                throw ExitCode(1)
            }
        }
        return AccessLog(output: output, dropped: metrics.accessLogDropped)
    }

    /// Tells a person at a terminal where to go; the log is for machines.
    private func greet(_ server: GatewayServer, gate: Gate) {
        guard isatty(STDERR_FILENO) != 0 || ProcessInfo.processInfo.environment["SLUICE_GREETING"] != nil else {
            return
        }
        guard let address = server.addresses.first?.address.hostAndPort else { return }
        let ready = gate.models.filter(\.isReady).map(\.name)
        var text = "\nsluice \(sluiceVersion) serves on http://\(address)"
        text += "\n  ready: \(ready.isEmpty ? "nothing" : ready.joined(separator: ", "))\n"
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }
}

extension SocketAddress {
    /// The address as a URL has it: `127.0.0.1:8080`, `[::1]:8080`.
    fileprivate var hostAndPort: String {
        guard let ipAddress, let port else { return description }
        return self.protocol == .inet6 ? "[\(ipAddress)]:\(port)" : "\(ipAddress):\(port)"
    }
}

extension ObservabilityConfiguration.Level {
    fileprivate var loggerLevel: Logger.Level {
        switch self {
        case .debug: .debug
        case .info: .info
        case .warning: .warning
        case .error: .error
        }
    }
}
