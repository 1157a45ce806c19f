/// One validated gateway.yaml. Everything in it holds: names resolve, numbers are in range, references exist.
package struct GatewayConfiguration: Sendable {
    package var listeners: [ListenerConfiguration]
    package var plugins: [PluginConfiguration]
    package var models: [ModelConfiguration]
    package var auth: AuthConfiguration
    /// `nil` where nobody is shut out.
    package var ban: BanConfiguration?
    /// How what is kept on disk is encrypted; `nil` is not.
    package var encryption: EncryptionConfiguration?
    /// What of requests is watched; `nil` is nothing.
    package var anomalies: AnomalyConfiguration?
    /// Whose tokens are taken.
    package var issuers: [IssuerConfiguration] = []
    package var consumers: [ConsumerConfiguration]
    package var limits: [LimitConfiguration]
    /// In the order in which they are tried; first match wins.
    package var routes: [RouteConfiguration]
    package var observability: ObservabilityConfiguration
    /// How long running requests get to finish after SIGTERM.
    package var drain: Duration
    /// Bytes of request bodies that all connections together may hold.
    package var maxInflight: Int
    /// Names of entries of `limits` that all requests share.
    package var globalLimits: [String] = []
    package var stores: [StoreConfiguration] = []
    package var groups: [GroupConfiguration] = []
    package var redactions: [RedactionConfiguration] = []
    /// What nobody may do, whatever allows it.
    package var deny: [AccessRule] = []
    /// `nil` where nobody is asked for a key: only loopback listeners serve administration then.
    package var admin: AdminConfiguration?
    /// `nil` where nothing is written down.
    package var audit: AuditConfiguration?
    package var reload = ReloadConfiguration()
    /// `nil` where no memory is shared.
    package var sharedMemory: SharedMemoryConfiguration?

    package init(
        listeners: [ListenerConfiguration], plugins: [PluginConfiguration], models: [ModelConfiguration],
        auth: AuthConfiguration, consumers: [ConsumerConfiguration], limits: [LimitConfiguration],
        routes: [RouteConfiguration], observability: ObservabilityConfiguration, drain: Duration,
        maxInflight: Int = 1 << 30
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
        self.maxInflight = maxInflight
    }
}

extension GatewayConfiguration {
    /// What allows a consumer something: its own rules and those of its groups.
    package func allow(of consumer: ConsumerConfiguration) -> [AccessRule] {
        consumer.allow + groups(of: consumer).flatMap(\.allow)
    }

    /// What denies a consumer something: its own rules, those of its groups, and those for everybody.
    package func deny(of consumer: ConsumerConfiguration) -> [AccessRule] {
        consumer.deny + groups(of: consumer).flatMap(\.deny) + deny
    }

    private func groups(of consumer: ConsumerConfiguration) -> [GroupConfiguration] {
        consumer.groups.isEmpty ? [] : groups.filter { consumer.groups.contains($0.name) }
    }
}
