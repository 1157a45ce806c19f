internal import Codecs
package import Configuration
internal import Fetching
package import Logging
package import Policies
package import Routing
package import SharedMemory
package import Stores
package import Telemetry
package import Tensors

/// The gate itself: one configuration with everything that it names, ready to serve.
///
/// Immutable, so that any number of event loops may use it; what changes inside (counts, queues) guards itself. How a
/// request goes through it is in `Inference`, from top to bottom.
package final class Gate: Sendable {
    package let revision: Revision
    package let configuration: GatewayConfiguration
    package let routes: RouteTable
    package let policies: PolicyEngine
    /// In the order of the configuration: routes name models by their place.
    package let models: [ModelRuntime]
    package let metrics: GateMetrics
    /// In the order of `models`.
    package let statistics: [ModelStatistics]
    package let breakers: ModelBreakers
    /// What models' inputs may be, by the places of models.
    let bounds: [[InputBounds]]
    /// Who fetches the files that requests name by URL, by the places of models; `nil` for nobody.
    let references: [ReferenceClient?]
    /// What is looked for in texts, by the places of routes.
    let redactions: [RouteRedaction?]
    /// What is masked in texts before they are logged; `nil` for nothing.
    package let logRedaction: LogRedaction?
    /// The shadows of routes, by their places.
    package let shadows: [ShadowTraffic?]
    /// Who watches what is unlike before; `nil` for nobody.
    package let patrol: AnomalyPatrol?
    /// What is counted for it.
    package let tallies: AnomalyWatch.Tallies?
    /// What quotas have to tell.
    package let notices: QuotaNotices
    /// What the file itself answers.
    let fixedAnswers: FixedAnswers
    /// Where it is written down what callers were kept from; `nil` where nobody looks.
    let audit: AuditTrail?
    let codecs = CodecRegistry()
    let openInference = OpenInferenceCodec()
    /// The memory that clients share, over all revisions.
    package let regions: ClientRegions
    /// Which of it may be shared; `nil` for none.
    let sharable: ModelPatterns?
    /// When it was made; seconds since 1970.
    let began = Int(WallClock.secondsSince1970)

    /// The groups of consumers that are in any.
    let groups: [String: [String]]

    /// What is set by hand and kept for the next process; `nil` where nothing keeps it.
    let numbers: KeptNumbers?
    let logger: Logger?
    private let released: @Sendable () -> Void

    /// - Parameters:
    ///   - previous: the gate that this one takes over from: counts that mean the same go on.
    ///   - stores: where counts of quotas are kept, by the names of the configuration.
    ///   - numbers: what was set by hand in earlier processes.
    ///   - keys: the keys of issuers, by the issuers' names.
    ///   - audit: what is written down, where anything is.
    ///   - released: called once nothing uses the gate any more, on whatever thread; must not block.
    /// - Throws: one diagnostic for each route whose models can't stand in for each other.
    package init(
        _ revision: Revision, configuration: GatewayConfiguration, models: [ModelRuntime], metrics: GatewayMetrics,
        previous: Gate? = nil, regions: ClientRegions = ClientRegions(), stores: [String: QuotaStore] = [:],
        numbers: KeptNumbers? = nil,
        keys: [String: IssuerKeySet] = [:], logger: Logger? = nil, audit: AuditTrail? = nil, now: MonotonicTime,
        released: @escaping @Sendable () -> Void = {}
    ) throws(IncompatibleModels) {
        self.revision = revision
        self.configuration = configuration
        self.models = models
        self.statistics = models.map { ModelStatistics(waits: metrics.model($0.name).queueSeconds) }
        self.logger = logger
        self.released = released
        self.audit = audit
        self.regions = regions
        self.sharable = configuration.sharedMemory.map { ModelPatterns($0.allowed) }
        self.numbers = numbers
        self.routes = RouteTable(configuration, previous: previous?.routes) {
            Self.commandedShare(of: $0, in: numbers)
        }
        let shadows = Dictionary(
            (previous?.shadows ?? []).compactMap { $0.map { ($0.route, $0) } }, uniquingKeysWith: { first, _ in first })
        self.shadows = configuration.routes.map { route in
            guard let shadow = route.shadow else { return nil }
            // What it has seen counts on while it is the same.
            if let known = shadows[route.name], known.model == shadow.model, known.settings == shadow.settings {
                return known
            }
            return ShadowTraffic(
                route: route.name, model: shadow.model, settings: shadow.settings, metrics: metrics.shadows)
        }
        self.bounds = configuration.models.map { model in
            model.inputLimits.map { InputBounds($0.input, $0.limits) }
        }
        self.references = configuration.models.map { $0.references.map { ReferenceClient($0) } }
        let redactors = Dictionary(
            configuration.redactions.compactMap { rule in (try? TextRedactor(rule)).map { (rule.name, $0) } },
            uniquingKeysWith: { first, _ in first })
        self.logRedaction = LogRedaction(configuration.observability.redactions, redactors, metrics: metrics)
        self.redactions = configuration.routes.map { RouteRedaction($0, redactors, metrics: metrics) }
        self.groups = Dictionary(
            configuration.consumers.filter { !$0.groups.isEmpty }.map { ($0.name, $0.groups) },
            uniquingKeysWith: { first, _ in first })
        self.policies = PolicyEngine(
            configuration, previous: previous?.policies, stores: stores, keys: keys,
            observer: PolicyObserver(
                tokenFailed: { metrics.tokenFailures(issuer: $0 ?? "", reason: $1.rawValue).increment() },
                banned: { kind, address in
                    metrics.bans(kind: kind.rawValue).increment()
                    audit?.append(.banned(kind, address))
                },
                failed: { failure in
                    let address = failure.place.address?.text ?? ""
                    audit?.appendRepeated(
                        .failed(failure), key: "\(address) \(failure.reason) \(failure.isAdministrator)")
                }), now: now)
        self.notices = QuotaNotices(metrics.quotas, logger: logger)
        self.patrol = AnomalyPatrol.of(
            configuration, previous: previous?.patrol, metrics: metrics.anomalies, logger: logger, audit: audit)
        self.tallies = patrol?.watch.tallies(
            listeners: configuration.listeners.map(\.name), consumers: policies.consumers.map(\.name))
        self.breakers = ModelBreakers(
            configuration, models: models, metrics: metrics, logger: logger, previous: previous)
        let fit = ModelFit(configuration, routes: routes, models: models)
        self.fixedAnswers = fit.fixedAnswers
        if !fit.diagnostics.isEmpty { throw IncompatibleModels(diagnostics: fit.diagnostics) }
        self.metrics = GateMetrics(metrics, routes: routes.routes, models: models)
        for (model, bound) in zip(models, routes.oldestAnswers(count: models.count)) {
            model.keepAnswers(forNanoseconds: bound)
        }
        announceStepRules()
    }

    /// The header field that carries API keys, in lower case.
    package var keyField: String { policies.keyHeader ?? configuration.auth.keyHeader }
    /// What a refusal for want of a key carries as `WWW-Authenticate`.
    package var challenge: String { policies.authenticator?.challenge ?? "Bearer realm=\"sluice\"" }

    /// How callers prove who they are where no route says otherwise; empty asks nobody.
    package var identities: IdentityKinds { configuration.auth.kinds }

    /// Who administers, by an admin key or as a consumer whose rules allow some of it; or, where the file names no keys,
    /// whoever is on this machine.
    ///
    /// - Parameters:
    ///   - shown: what the request shows; of it the `authorization` field counts.
    ///   - isLocal: whether the request's `Host` is this machine's own name.
    ///   - isFromBrowser: whether the request says that a web page made it.
    /// - Throws: `unauthenticated`; `forbidden` for a request that a page of somebody else's may have made a browser send.
    package func administrator(
        _ shown: ShownCredentials, isLocal: Bool, isFromBrowser: Bool, nowSeconds: Int64
    ) throws(SluiceError) -> Administrator {
        if let administrator = try policies.identifyAdministrator(shown, nowSeconds: nowSeconds) {
            return administrator
        }
        // Nobody is asked for a key here, so nothing but a program on this machine may come in. A page can make a browser
        // on this machine send requests, but not without an Origin, or (by a name that it points here) to another Host.
        guard isLocal, !isFromBrowser else {
            throw SluiceError(
                .forbidden, "without admin.keys only programs on this machine may administer, and no web pages")
        }
        return Administrator(
            name: "local", place: AccessPlace(listener: shown.listener, address: shown.peer.address))
    }

    /// Whether every route has a model that can answer.
    package var isReady: Bool {
        let now = MonotonicTime.now
        return routes.routes.allSatisfy { isReady($0, now: now) }
    }

    /// Whether a route has a model that can answer. A breaker counts as long as it lets nothing through: once it waits for
    /// probes, requests must come.
    func isReady(_ route: Route, now: MonotonicTime) -> Bool {
        route.models.contains { model in
            models[model.index].isReady && breakers[model.index]?.isAvailable(now: now) ?? true
        }
    }

    deinit { released() }
}

/// Models of one route that clients would see differ.
package struct IncompatibleModels: Error {
    package var diagnostics: [Diagnostic]
}
