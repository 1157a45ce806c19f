/// One socket that the gateway listens on.
package struct ListenerConfiguration: Sendable, Equatable {
    package enum Service: String, Sendable, CaseIterable {
        /// `/v1`, `/v2` and health.
        case inference
        /// `/metrics`.
        case metrics
        /// `/admin`: reload, models, drain, log level.
        case admin
        /// `/v2/repository`: the Open Inference protocol's way to load and unload models.
        case repository
    }

    package var name: String
    package var host: String
    /// 0 asks the system for a free port.
    package var port: Int
    package var serves: Set<Service> = [.inference, .metrics]
    package var tls: ListenerTLS?
    /// `nil` where everybody may connect.
    package var firewall: Firewall?
    /// Whether clients may speak without TLS.
    package var allowsPlain: Bool { tls == nil || tls?.plain == .allow }
    /// Where web pages may come from that open sessions, besides from the gateway itself; `*` is anywhere.
    package var origins: [String] = []
    /// Bytes of a request's body.
    package var maxBody: Int = 64 << 20
    /// Bytes of a request's line and headers together.
    package var maxHeaders: Int = 32 << 10
    package var maxConnections: Int = 10_000
    /// From a connection's or request's first byte to the end of its headers.
    package var headerTimeout: Duration = .seconds(10)
    /// Longest silence inside a body, and longest wait for a client to take its answer.
    package var bodyTimeout: Duration = .seconds(30)
    /// Longest silence between two requests of a connection.
    package var idleTimeout: Duration = .seconds(75)

    /// Whether the gateway can be changed through it.
    package var isAdministrative: Bool { serves.contains(.admin) || serves.contains(.repository) }

    package init(name: String, host: String, port: Int) {
        self.name = name
        self.host = host
        self.port = port
    }
}
