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
    private let draining = Atomic<Bool>(false)

    init(gate: Gate, listener: ListenerConfiguration, metrics: GatewayMetrics, accessLog: AccessLog?) {
        self.gate = gate
        self.listener = listener
        self.metrics = metrics
        self.accessLog = accessLog
        self.limits = ConnectionClock.Limits(
            header: listener.headerTimeout.nanoseconds, body: listener.bodyTimeout.nanoseconds,
            idle: listener.idleTimeout.nanoseconds)
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

extension Duration {
    /// The duration in whole nanoseconds, 0 where it is negative.
    var nanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        return UInt64(seconds) &* 1_000_000_000 &+ UInt64(attoseconds / 1_000_000_000)
    }
}
