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
    private let logThreshold: LogThreshold
    private let logMask: LogMask

    init(_ loaded: ConfigurationFile.Loaded, threads: Int?) {
        self.loaded = loaded
        self.threads = threads ?? ProcessInfo.processInfo.activeProcessorCount
        let threshold = LogThreshold(loaded.configuration.observability.logLevel.loggerLevel)
        self.logThreshold = threshold
        let mask = LogMask()
        self.logMask = mask
        self.logger = Logger(label: "sluice") { JSONLogHandler(label: $0, threshold: threshold, mask: mask) }
    }

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        MemorySettings.keepLargeBlocks()
        let stop = StopSignals()
        let metrics = GatewayMetrics(version: sluiceVersion)
        let services = PluginServices.gateway(logger: logger, metrics: metrics)
        let server = GatewayServer(metrics: metrics, threads: threads, logger: logger, logThreshold: logThreshold)
        let accessLogs = AccessLogs(metrics: metrics)
        let audit = AuditTrail(observer: .gateway(metrics, logger)) { WallClock.millisecondsSince1970 }
        let file = loaded.file
        let watching = Watching(file, logger: logger)
        let keeper = Gatekeeper(
            loader: ModelLoader(
                finder: ConfigurationFile.pluginFinder, runners: ConfigurationFile.runnerFinder, services: services,
                metrics: metrics, logger: logger, folder: file.folder),
            metrics: metrics, logger: logger, audit: audit,
            surroundings: Gatekeeper.Surroundings(
                read: { () throws(ReloadFailure) in try watching.read(file.shownPath) },
                prepareFront: { [logThreshold, logMask] gate, keeper throws(ReloadFailure) in
                    let log = try accessLogs.prepare(gate.configuration.observability.accessLog)
                    let records: AuditTrail.Prepared
                    do throws(AuditFailure) {
                        records = try audit.prepare(gate.configuration.audit.map(AuditSettings.init))
                    } catch {
                        throw ReloadFailure(.listeners, "audit log: \(error)")
                    }
                    do {
                        let change = try server.prepare(gate, by: keeper, accessLog: log.accessLog)
                        let level = gate.configuration.observability.logLevel
                        // One that an administrator set holds until the file says something else than it did.
                        let isOther = keeper.gate.map { $0.configuration.observability.logLevel != level } ?? false
                        return FrontChange(
                            commit: {
                                change.commit()
                                log.commit()
                                logMask.become(Self.mask(by: gate.logRedaction))
                                records.commit()
                                if isOther { logThreshold.level = level.loggerLevel }
                                watching.change(to: gate.configuration.reload, keeper)
                            },
                            cancel: {
                                change.cancel()
                                records.cancel()
                            })
                    } catch {
                        records.cancel()
                        throw ReloadFailure(.listeners, "\(error)")
                    }
                }))
        let hangUp = HangUpSignal { keeper.reload(cause: "SIGHUP") }
        defer { hangUp.stop() }
        do {
            _ = try keeper.start(Gatekeeper.Candidate(configuration: loaded.configuration, hash: file.hash))
        } catch {
            file.report(error.diagnostics)
            throw ExitCode(1)
        }
        greet(server, gate: keeper.gate)
        MemorySettings.giveBackStart()

        let signalName = await stop.wait()
        watching.stop()
        logger.info("draining", metadata: ["signal": "\(signalName)"])
        let cut = await server.drain(timeout: keeper.gate?.configuration.drain ?? loaded.configuration.drain)
        if cut > 0 { logger.warning("connections closed before their answer", metadata: ["count": "\(cut)"]) }
        for name in keeper.shutDown() {
            logger.warning("model not freed: its plugin still holds requests", metadata: ["model": "\(name)"])
        }
        accessLogs.flush()
        audit.close(reason: "\(signalName)")
        logger.info("stopped")
    }

    private static func mask(by redaction: LogRedaction?) -> (@Sendable (String) -> String)? {
        guard let redaction else { return nil }
        return { redaction.masked($0) }
    }

    /// Tells a person at a terminal where to go; the log is for machines.
    private func greet(_ server: GatewayServer, gate: Gate?) {
        guard isatty(STDERR_FILENO) != 0 || ProcessInfo.processInfo.environment["SLUICE_GREETING"] != nil else {
            return
        }
        guard let address = server.addresses.first?.address.hostAndPort else { return }
        let ready = (gate?.models ?? []).filter(\.isReady).map(\.name)
        var text = "\nsluice \(sluiceVersion) serves on http://\(address)"
        text += "\n  ready: \(ready.isEmpty ? "nothing" : ready.joined(separator: ", "))\n"
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }
}

extension AuditLog.Observer {
    /// Counts what becomes of records, and says so where they can't be written.
    fileprivate static func gateway(_ metrics: GatewayMetrics, _ logger: Logger) -> AuditLog.Observer {
        AuditLog.Observer(
            written: { metrics.auditRecords.increment(by: $0) }, dropped: { metrics.auditDropped.increment() },
            failed: { failure in
                metrics.auditFailures.increment()
                logger.error("audit log not written", metadata: ["reason": "\(failure)"])
            })
    }
}

extension AuditSettings {
    fileprivate init(_ configuration: AuditConfiguration) {
        self.init(
            path: configuration.file, key: configuration.key?.bytes, rotate: UInt64(configuration.rotate),
            keep: configuration.keep)
    }
}
