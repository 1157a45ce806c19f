import Configuration
import Gateway
import Logging
import PluginHost
import Telemetry
import Tensors

@testable import Transport

extension Port {
    /// A listener of a gate without models, for connections that need one.
    static func forTests(maxHeaders: Int = 32 << 10, maxBody: Int = 64 << 20) throws -> Port {
        var listener = ListenerConfiguration(name: "public", host: "127.0.0.1", port: 0)
        listener.maxHeaders = maxHeaders
        listener.maxBody = maxBody
        let configuration = GatewayConfiguration(
            listeners: [listener], plugins: [], models: [], auth: .none, consumers: [], limits: [], routes: [],
            observability: ObservabilityConfiguration(), drain: .seconds(1))
        let metrics = GatewayMetrics(version: "test")
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let services = PluginServices(
            logLevel: .error, log: { _, _, _ in }, metric: { _, _, _, _ in 0 }, observe: { _, _ in },
            violation: { _, _, _ in })
        let keeper = Gatekeeper(
            loader: ModelLoader(
                finder: PluginFinder(folders: []), runners: RunnerFinder(environment: [:], executable: "/nowhere"),
                services: services, metrics: metrics, logger: logger, folder: "/"),
            metrics: metrics, logger: logger,
            surroundings: Gatekeeper.Surroundings(
                read: { () throws(ReloadFailure) in throw ReloadFailure(.listeners, "no file") },
                prepareFront: { _, _ throws(ReloadFailure) in throw ReloadFailure(.listeners, "no listeners") }))
        let gate = try Gate(
            Revision(number: 1, hash: ""), configuration: configuration, models: [], metrics: metrics, now: .now)
        return Port(
            Service(
                gate: gate, listener: listener, metrics: metrics, accessLog: nil, bodies: BodyBudget(limit: 1 << 30),
                tls: nil, administration: Administration(keeper: keeper, logThreshold: LogThreshold(.error)),
                draining: Port.Draining()))
    }
}
