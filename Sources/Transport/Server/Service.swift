internal import Codecs
internal import Configuration
internal import Gateway
internal import NIOCore
internal import Synchronization
internal import Telemetry
internal import Tensors

/// What all connections of one listener share.
final class Service: Sendable {
    let gate: Gate
    let listener: ListenerConfiguration
    let metrics: GatewayMetrics
    let accessLog: AccessLog?
    let limits: ConnectionClock.Limits
    /// The lower-case name of the header field that carries API keys.
    let keyField: [UInt8]
    /// Memory for the bodies of all listeners together.
    let bodies: BodyBudget
    private let draining = Atomic<Bool>(false)

    init(
        gate: Gate, listener: ListenerConfiguration, metrics: GatewayMetrics, accessLog: AccessLog?, bodies: BodyBudget
    ) {
        self.gate = gate
        self.listener = listener
        self.metrics = metrics
        self.accessLog = accessLog
        self.bodies = bodies
        self.keyField = Array(gate.keyField.utf8)
        self.limits = ConnectionClock.Limits(
            header: listener.headerTimeout.wholeNanoseconds, body: listener.bodyTimeout.wholeNanoseconds,
            idle: listener.idleTimeout.wholeNanoseconds)
    }

    /// No further requests: connections close after the one under way.
    var isDraining: Bool { draining.load(ordering: .relaxed) }

    func drain() { draining.store(true, ordering: .relaxed) }

    /// Whether this listener has that endpoint.
    func serves(_ endpoint: Endpoint) -> Bool {
        switch endpoint {
        case .metrics: listener.serves.contains(.metrics)
        case .live, .ready: true
        default: listener.serves.contains(.inference)
        }
    }
}
