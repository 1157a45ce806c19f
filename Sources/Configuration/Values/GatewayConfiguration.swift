/// One validated gateway.yaml. Everything in it holds: names resolve, numbers are in range, references exist.
package struct GatewayConfiguration: Sendable {
    package var listeners: [ListenerConfiguration]
    package var plugins: [PluginConfiguration]
    package var models: [ModelConfiguration]
    package var auth: AuthConfiguration
    package var consumers: [ConsumerConfiguration]
    package var limits: [LimitConfiguration]
    /// In the order in which they are tried; first match wins.
    package var routes: [RouteConfiguration]
    package var observability: ObservabilityConfiguration
    /// How long running requests get to finish after SIGTERM.
    package var drain: Duration

    package init(
        listeners: [ListenerConfiguration], plugins: [PluginConfiguration], models: [ModelConfiguration],
        auth: AuthConfiguration, consumers: [ConsumerConfiguration], limits: [LimitConfiguration],
        routes: [RouteConfiguration], observability: ObservabilityConfiguration, drain: Duration
    ) {
        self.listeners = listeners
        self.plugins = plugins
        self.models = models
        self.auth = auth
        self.consumers = consumers
        self.limits = limits
        self.routes = routes
        self.observability = observability
        self.drain = drain
    }
}

/// One socket that the gateway listens on.
package struct ListenerConfiguration: Sendable, Equatable {
    package enum Service: String, Sendable, CaseIterable {
        /// `/v1`, `/v2` and health.
        case inference
        /// `/metrics`.
        case metrics
    }

    package var name: String
    package var host: String
    /// 0 asks the system for a free port.
    package var port: Int
    package var serves: Set<Service> = [.inference, .metrics]
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

    package init(name: String, host: String, port: Int) {
        self.name = name
        self.host = host
        self.port = port
    }
}

/// One shared object that models are loaded through.
package struct PluginConfiguration: Sendable, Equatable {
    package enum Source: Sendable, Equatable {
        /// Found by its name in the plugin folders: `libsluice_<name>.so`.
        case name(String)
        /// An absolute path.
        case path(String)
    }

    package var name: String
    package var source: Source
    /// 64 lower-case hexadecimal digits that the file's SHA-256 must equal.
    package var sha256: String?
    package var location: SourceLocation

    package init(name: String, source: Source, sha256: String? = nil, location: SourceLocation) {
        self.name = name
        self.source = source
        self.sha256 = sha256
        self.location = location
    }
}

/// One model: a plugin and that model's own configuration.
package struct ModelConfiguration: Sendable, Equatable {
    package var name: String
    /// Name of an entry of `plugins`.
    package var plugin: String
    package var version: String = "1"
    /// The `config:` block, a mapping, handed to the plugin as it is.
    package var config: ConfigurationValue
    /// Simultaneous calls into the plugin; `nil` takes what the model declares.
    package var concurrency: Int?
    /// Requests that may wait for a free call.
    package var queue: Int = 256
    /// Longest time for one attempt, waiting included.
    package var timeout: Duration?
    /// Column names along the last axis of an input, by input name, in order.
    package var columns: [String: [String]] = [:]
    package var location: SourceLocation

    package init(name: String, plugin: String, config: ConfigurationValue, location: SourceLocation) {
        self.name = name
        self.plugin = plugin
        self.config = config
        self.location = location
    }
}

/// How callers prove who they are.
package enum AuthConfiguration: Sendable, Equatable {
    /// Nobody is asked. Off loopback only where the file says `{ none: i-accept-open-access }`.
    case none
    /// A key in a header: `authorization: Bearer KEY`, or the bare key in any other header. The name is lower case.
    case apiKeys(header: String)

    /// Where keys are unless the file says otherwise.
    package static let standardHeader = "authorization"

    /// Where keys are; also for a route that asks for one although the file's `auth` is `none`.
    package var keyHeader: String {
        switch self {
        case .none: Self.standardHeader
        case .apiKeys(let header): header
        }
    }
}

/// One caller that the file names.
package struct ConsumerConfiguration: Sendable, Equatable {
    package struct Key: Sendable, Equatable {
        package var id: String
        /// 64 lower-case hexadecimal digits: SHA-256 of the whole key.
        package var sha256: String
        /// Seconds since 1970 from which on the key is refused.
        package var expires: Int64?

        package init(id: String, sha256: String, expires: Int64? = nil) {
            self.id = id
            self.sha256 = sha256
            self.expires = expires
        }
    }

    /// The name under which callers without a key act where `auth` is `none`.
    package static let anonymous = "anonymous"

    package var name: String
    package var keys: [Key]
    /// Patterns of public model names; `*` stands for any run of characters. Empty allows nothing.
    package var allowedModels: [String]
    /// Names of entries of `limits`.
    package var limits: [String]
    package var location: SourceLocation

    package init(name: String, keys: [Key], allowedModels: [String], limits: [String], location: SourceLocation) {
        self.name = name
        self.keys = keys
        self.allowedModels = allowedModels
        self.limits = limits
        self.location = location
    }
}

/// One named set of quotas.
package struct LimitConfiguration: Sendable, Equatable {
    /// At most `burst` at once, refilled at `max` per `period`: a token bucket.
    package struct Quota: Sendable, Equatable {
        package enum Count: String, Sendable, CaseIterable {
            case requests
        }

        package var count: Count
        package var max: Int
        package var period: Duration
        package var burst: Int

        package init(count: Count, max: Int, period: Duration, burst: Int) {
            self.count = count
            self.max = max
            self.period = period
            self.burst = burst
        }
    }

    package var name: String
    package var quotas: [Quota]

    package init(name: String, quotas: [Quota]) {
        self.name = name
        self.quotas = quotas
    }
}

/// One rule that sends requests to models.
package struct RouteConfiguration: Sendable, Equatable {
    package struct Target: Sendable, Equatable {
        package var model: String
        /// Relative share; at least 1.
        package var weight: Int
        package var location: SourceLocation

        package init(model: String, weight: Int, location: SourceLocation) {
            self.model = model
            self.weight = weight
            self.location = location
        }
    }

    package struct Rung: Sendable, Equatable {
        package var when: Set<FallbackCondition>
        package var model: String
        package var location: SourceLocation

        package init(when: Set<FallbackCondition>, model: String, location: SourceLocation) {
            self.when = when
            self.model = model
            self.location = location
        }
    }

    package enum FallbackCondition: String, Sendable, CaseIterable {
        /// Any answer of 500-599, timeouts and overload included.
        case serverError = "5xx"
        /// The attempt's or the model's time ran out.
        case timeout
        /// The model's queue is full or it asks for patience.
        case overloaded
        /// Any failure that isn't the caller's own doing.
        case any
    }

    package var name: String
    /// Pattern of the public model name; `nil` matches every request, those that name no model included.
    package var model: String?
    /// Media types, lower case, `*` for a whole half (`image/*`); empty matches all.
    package var contentTypes: [String]
    /// Whether a key is asked for; the file's `auth` unless the route says otherwise.
    package var requiresKey: Bool
    /// At least one.
    package var targets: [Target]
    package var fallback: [Rung]
    /// Longest time for the whole request: every attempt and fallback together.
    package var deadline: Duration
    package var location: SourceLocation

    package init(
        name: String, model: String?, contentTypes: [String], requiresKey: Bool, targets: [Target],
        fallback: [Rung], deadline: Duration, location: SourceLocation
    ) {
        self.name = name
        self.model = model
        self.contentTypes = contentTypes
        self.requiresKey = requiresKey
        self.targets = targets
        self.fallback = fallback
        self.deadline = deadline
        self.location = location
    }
}

/// Where the gateway tells what it does.
package struct ObservabilityConfiguration: Sendable, Equatable {
    package enum Output: Sendable, Equatable {
        case none
        case stdout
        case stderr
        /// An absolute path; lines are appended.
        case file(String)
    }

    package enum Level: String, Sendable, CaseIterable {
        case debug
        case info
        case warning
        case error
    }

    package var accessLog: Output = .stdout
    package var logLevel: Level = .info

    package init() {}
}
