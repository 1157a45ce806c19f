internal import Codecs
internal import Configuration
internal import Gateway
internal import NIOCore
internal import Policies
internal import Routing
internal import Telemetry
internal import Tensors

/// What one revision of the configuration says of one listener, for all connections that it has.
final class Service: Sendable {
    let gate: Gate
    let listener: ListenerConfiguration
    let metrics: GatewayMetrics
    let accessLog: AccessLog?
    let limits: ConnectionClock.Limits
    /// The header fields that the file gives a meaning.
    let knownFields: KnownFields
    /// Memory for the bodies of all listeners together.
    let bodies: BodyBudget
    /// Certificates, where the listener has them.
    let tls: TLSCertificates?
    /// Whether there is nothing here for a caller without a key.
    private let everyRouteNeedsKey: Bool
    /// Counts requests for who watches them; `nil` where nobody does.
    let tally: RequestTally?
    private let servesInference: Bool
    let administration: Administration
    let draining: Port.Draining

    init(
        gate: Gate, listener: ListenerConfiguration, metrics: GatewayMetrics, accessLog: AccessLog?, bodies: BodyBudget,
        tls: TLSCertificates?, administration: Administration, draining: Port.Draining
    ) {
        self.gate = gate
        self.listener = listener
        self.metrics = metrics
        self.accessLog = accessLog
        self.bodies = bodies
        self.tls = tls
        self.tally = gate.tallies?.listeners[listener.name]
        self.administration = administration
        self.draining = draining
        self.servesInference = listener.serves.contains(.inference)
        self.everyRouteNeedsKey = gate.routes.routes.allSatisfy(\.requiresKey)
        self.knownFields = KnownFields(
            key: Array(gate.keyField.utf8), routing: gate.routes.fieldNames.sorted().map { Array($0.utf8) })
        self.limits = ConnectionClock.Limits(
            header: listener.headerTimeout.wholeNanoseconds, body: listener.bodyTimeout.wholeNanoseconds,
            idle: listener.idleTimeout.wholeNanoseconds)
    }

    /// No further requests: connections close after the one under way.
    var isDraining: Bool { draining.isOn }

    /// Checks a caller whose request says only in its body which model it is for.
    ///
    /// - Throws: `unauthenticated`, where nothing here could be for them.
    func checkCallerBeforeMessages(_ caller: @autoclosure () -> Credentials) throws(SluiceError) {
        if everyRouteNeedsKey { try gate.checkCatalogueAccess(caller: caller()) }
    }

    /// Whether this listener has that endpoint.
    func serves(_ endpoint: Endpoint) -> Bool {
        switch endpoint {
        case .metrics: listener.serves.contains(.metrics)
        case .live, .ready: true
        case .documentation: listener.serves.contains(.inference) || listener.serves.contains(.admin)
        case .admin(let endpoint): listener.serves.contains(endpoint.isRepository ? .repository : .admin)
        default: listener.serves.contains(.inference)
        }
    }

    /// Whether this listener has that method.
    func serves(_ method: GRPCMethod) -> Bool {
        method.isHealth || servesInference
            || method.isRepository && listener.serves.contains(.repository)
    }
}
