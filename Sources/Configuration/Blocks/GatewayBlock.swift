/// The whole file.
enum GatewayBlock {
    static let version = Key.required(
        "version", ValueType.integer(0...Int(Int32.max), example: "1").placed, "The version of this format: 1.")
    static let listeners = Key.required(
        "listeners", ValueType.named("listener", atMost: Bounds.listeners), "Sockets; at least one.")
    static let plugins = Key.optional(
        "plugins", ValueType.named("plugin", atMost: Bounds.plugins), default: "the installed plugins that models name",
        "Shared objects that models are loaded through.")
    static let models = Key.required(
        "models", ValueType.named("model", atMost: Bounds.models, names: .model, items: .either([.text, .block])),
        "Models, each of them a mapping or the path of its file; at least one.")
    static let auth = Key.required("auth", AuthBlock.type, "How callers prove who they are.")
    static let issuers = Key.optional(
        "issuers", ValueType.named("issuer", atMost: Bounds.issuers), "Whose tokens (JWT) are taken.")
    static let ban = Key.optional(
        "ban", ValueType.mapping, default: "nobody is shut out",
        "When whoever fails again and again to prove who they are is shut out.")
    static let consumers = Key.optional(
        "consumers", ValueType.named("consumer", atMost: Bounds.consumers),
        "Callers; `anonymous` is everybody of whom no key is asked.")
    static let limits = Key.optional(
        "limits", ValueType.named("limit", atMost: Bounds.limits, items: .list(.block, atMost: Bounds.items)),
        "Named sets of quotas, for consumers, models, routes and all requests together.")
    static let globalLimits = Key.optional(
        "global_limits", LimitNames.type, default: "no limits", "Entries of `limits` that all requests together share.")
    static let groups = Key.optional(
        "groups", ValueType.named("group", atMost: Bounds.limits), "Consumers that have limits or rights in common.")
    static let deny = Key.optional(
        "deny", AccessRuleBlock.type, default: "nothing",
        "What nobody may do, whatever allows it: a rule, or a list of them.")
    static let redaction = Key.optional(
        "redaction", ValueType.named("redaction", atMost: 256),
        "What is looked for in texts, for routes and logs to name.")
    static let stores = Key.optional(
        "stores", ValueType.named("store", atMost: 16), "Where counts of quotas are kept beyond the gateway's memory.")
    static let routes = Key.optional(
        "routes", ValueType.mappings(atMost: Bounds.routes), default: "one for each model, by its name",
        "Which requests go to which models, in the order in which they are tried.")
    static let observability = Key.optional(
        "observability", ValueType.mapping, "Where the gateway tells what it does.")
    static let drain = Key.optional(
        "drain", ValueType.duration(.zero...Duration.seconds(3_600), example: "25s"), default: "25s",
        "How long running requests get to finish after SIGTERM.")
    static let maxInflight = Key.optional(
        "max_inflight", ValueType.size(1 << 20...1 << 40, example: "1GiB"), default: "1GiB",
        "Bytes of request bodies that all connections together may hold; a body above it is refused as overloaded.")
    static let admin = Key.optional(
        "admin", ValueType.mapping, "Who may look into the gateway and change it while it runs.")
    static let audit = Key.optional(
        "audit", ValueType.mapping, default: "nothing is written down",
        "Where it is written down what is done to the gateway, and by whom.")
    static let encryption = Key.optional(
        "encryption", ValueType.mapping, default: "nothing is encrypted",
        "How what the gateway keeps on disk is encrypted.")
    static let anomalies = Key.optional(
        "anomalies", ValueType.mapping, default: "nothing is watched",
        "What of requests is watched for being unlike what it usually is.")
    static let reload = Key.optional(
        "reload", ValueType.mapping, "When the file is read again without being asked.")
    static let sharedMemory = Key.optional(
        "shared_memory", ValueType.mapping, default: "off",
        "What of this machine's shared memory clients may share with the gateway.")

    static let block = Block(
        "",
        [
            version.description, listeners.description, plugins.description, models.description, auth.description,
            issuers.description, ban.description, consumers.description, limits.description, routes.description,
            observability.description,
            drain.description, maxInflight.description, admin.description, reload.description,
            sharedMemory.description, globalLimits.description, stores.description, groups.description,
            redaction.description, deny.description, audit.description, anomalies.description,
            encryption.description,
        ])

    /// The least that a gateway needs.
    static let smallestExample = """
        version: 1
        listeners:
          public: { address: "127.0.0.1:8080" }
        models:
          echo: { plugin: echo }
        auth: none
        """

    static let standardDrain = Duration.seconds(25)
    static let standardMaxInflight = 1 << 30

    /// The configuration; complete only where nothing was reported as an error.
    static func read(_ root: YAMLNode, _ reading: Reading) -> GatewayConfiguration? {
        let start = SourceSpan(SourceLocation(line: 1, column: 1))
        guard let reader = MappingReader(root, block, name: "the file", span: start, reading) else { return nil }
        checkVersion(reader, reading)

        let listenerNodes = reader.value(listeners)
        let listenerNames = NameTable("listener", listenerNodes ?? [])
        checkNotEmpty(listenerNodes, listeners, reader, reading)
        let listeners = (listenerNodes ?? []).compactMap { ListenerBlock.read($0, reading) }
        if listenerNodes?.count == listeners.count {
            ListenerBlock.check(listeners, span: reader.keySpan(of: Self.listeners), reading)
        }
        let limitNodes = reader.value(limits) ?? []
        let limitNames = NameTable("limit", limitNodes)
        let (models, plugins, modelNames) = readModels(reader, limits: limitNames, reading)
        let (limits, stores) = readLimits(limitNodes, reader, reading)
        checkCosts(models, limits, reading)
        let globalLimits = LimitNames.read(reader.value(globalLimits), limitNames, reading)
        let groupNodes = reader.value(groups) ?? []
        let groupNames = NameTable("group", groupNodes)
        let groups = groupNodes.compactMap {
            GroupBlock.read($0, limits: limitNames, listeners: listenerNames, reading)
        }
        let denied =
            reader.value(deny).map {
                AccessRuleBlock.read(
                    $0, of: nil, isDeny: true, span: reader.keySpan(of: deny), listeners: listenerNames, reading)
            } ?? []
        let consumerNodes = reader.value(consumers) ?? []
        let consumerNames = NameTable("consumer", consumerNodes)
        let issuerNodes = reader.value(issuers) ?? []
        let issuers = issuerNodes.compactMap { IssuerBlock.read($0, consumers: consumerNames, reading) }
        let tokenOwners = TokenOwners(issuers.map(\.issuer), areAll: issuers.count == issuerNodes.count)
        let surroundings = ConsumerBlock.Surroundings(
            limits: limitNames, groups: groupNames, listeners: listenerNames,
            allowedGroups: Set(groups.filter { !$0.group.allow.isEmpty }.map(\.group.name)))
        let consumers = consumerNodes.compactMap {
            ConsumerBlock.read($0, in: surroundings, hasTokens: tokenOwners.contain($0.name), reading)
        }
        GroupBlock.check(groupNames, reading)
        let admin = reader.value(admin).flatMap {
            AdminBlock.read($0, span: reader.keySpan(of: Self.admin), reading)
        }
        if !reader.has(Self.admin) || admin != nil {
            AdminBlock.check(admin?.admin, span: reader.keySpan(of: Self.admin), listeners: listeners, reading)
        }
        let auth = reader.value(auth)
        if let auth {
            AuthBlock.check(auth, of: "auth", listeners: listeners, reading)
            ConsumerBlock.checkKeys(
                consumers, and: admin?.keys ?? [], hasPepper: auth.auth.pepper != nil, reading)
        }
        let redactionNodes = reader.value(redaction) ?? []
        let redactionNames = NameTable("redaction", redactionNodes)
        let redactions = redactionNodes.compactMap { RedactionBlock.read($0, reading) }
        let routes = readRoutes(
            reader, auth: auth?.auth, models: modelNames, limits: limitNames,
            callers: MatchBlock.Names(consumers: consumerNames, groups: groupNames, redactions: redactionNames), reading
        )
        for route in routes ?? [] {
            RungBlock.check(route.rungs, targets: route.route.targets.map(\.model), models: models, reading)
            if let hedge = route.hedge { HedgeBlock.check(hedge, route: route.route, models: models, reading) }
        }
        for limit in limitNames.unused {
            reading.error("nothing uses limit \(quoted(limit.value))", at: limit.span, "use it or remove it")
        }
        for case let choice? in (routes ?? []).map(\.auth) {
            AuthBlock.check(choice, of: "the route's auth", listeners: listeners, reading)
        }
        if auth != nil {
            let kinds = ([auth] + (routes ?? []).map(\.auth)).compactMap { $0?.auth.kinds }
            ConsumerBlock.checkCertificates(
                consumers, listeners: listeners, areTaken: kinds.contains { $0.contains(.certificates) }, reading)
        }
        IssuerBlock.check(
            issuers, auth: auth, routes: routes ?? [], isWhole: issuers.count == issuerNodes.count, reading)
        let standardRoutes = models.map { route(to: $0, auth: auth?.auth ?? .none) }
        if let auth {
            let known = reader.has(Self.routes) ? routes.map { $0.map(\.route) } : standardRoutes
            let asking = routes?.first { $0.route.requiresKey }?.auth?.span ?? auth.span
            if let known, !known.isEmpty {
                ConsumerUse(consumers, routes: known, hasIssuers: !issuerNodes.isEmpty).check(auth: asking, reading)
                AccessUse(
                    consumers: consumers, groups: groups, denied: denied, routes: known, models: modelNames.names,
                    listeners: listeners.map(\.value), issuers: issuers.map(\.issuer),
                    hasAdministrators: reader.has(Self.admin)
                ).check(reading)
            }
        }

        let observability = reader.value(observability).map {
            ObservabilityBlock.read(
                $0, span: reader.keySpan(of: Self.observability), redactions: redactionNames, reading)
        }
        for redaction in redactionNames.unused {
            reading.error(
                "nothing names redaction \(quoted(redaction.value))", at: redaction.span, "use it or remove it")
        }
        let drain = reader.value(drain)
        let maxInflight = reader.value(maxInflight)
        let reload = reader.value(reload).map {
            ReloadBlock.read($0, span: reader.keySpan(of: Self.reload), reading)
        }
        var configuration = GatewayConfiguration(
            listeners: listeners.map(\.value), plugins: plugins, models: models, auth: auth?.auth ?? .none,
            consumers: consumers.map(\.consumer), limits: limits, routes: routes?.map(\.route) ?? standardRoutes,
            observability: observability ?? ObservabilityConfiguration(), drain: drain ?? standardDrain,
            maxInflight: maxInflight ?? standardMaxInflight)
        configuration.admin = admin?.admin
        configuration.stores = stores
        configuration.groups = groups.map(\.group)
        configuration.deny = denied.map(\.rule)
        configuration.redactions = redactions
        configuration.globalLimits = globalLimits
        configuration.issuers = issuers.map(\.issuer)
        let encryption = reader.value(encryption).flatMap {
            EncryptionBlock.read($0, span: reader.keySpan(of: Self.encryption), reading)
        }
        EncryptionBlock.check(encryption, stores: stores, models: models, reading)
        configuration.encryption = encryption?.value
        configuration.anomalies = reader.value(anomalies).flatMap {
            AnomalyBlock.read($0, span: reader.keySpan(of: anomalies), reading)
        }
        configuration.ban = reader.value(ban).flatMap {
            BanBlock.read($0, span: reader.keySpan(of: ban), reading)
        }
        if let reload { configuration.reload = reload }
        configuration.audit = reader.value(audit).flatMap {
            AuditBlock.read($0, span: reader.keySpan(of: audit), accessLog: observability?.accessLog, reading)
        }
        configuration.sharedMemory = reader.value(sharedMemory).flatMap {
            SharedMemoryBlock.read($0, span: reader.keySpan(of: sharedMemory), reading)
        }
        FallbackChain.check(routes ?? [], models: models, reading)
        return configuration
    }

    private static func checkVersion(_ reader: MappingReader, _ reading: Reading) {
        guard let version = reader.value(version), version.value != 1 else { return }
        reading.error("version \(version.value) is not known to this gateway", at: version.span, "write version: 1")
    }

    private static func checkNotEmpty(
        _ entries: [NamedNode]?, _ key: Key<[NamedNode]>, _ reader: MappingReader, _ reading: Reading
    ) {
        guard let entries, entries.isEmpty else { return }
        reading.error("\(key.name) is empty", at: reader.keySpan(of: key), "at least one is needed")
    }

    /// Models, the plugins that are declared or that a model names, and the names of all models, wrong ones included.
    private static func readModels(
        _ reader: MappingReader, limits: NameTable, _ reading: Reading
    ) -> ([ModelConfiguration], [PluginConfiguration], NameTable) {
        let pluginNodes = reader.value(plugins) ?? []
        let pluginNames = NameTable("plugin", pluginNodes)
        let pluginResults = pluginNodes.compactMap { PluginBlock.read($0, reading) }
        var plugins = pluginResults.map(\.plugin)
        let namedModels = reader.value(models)
        checkNotEmpty(namedModels, models, reader, reading)
        let modelNodes = namedModels ?? []
        let models = modelNodes.compactMap { ModelBlock.read($0, limits: limits, reading) }
        for model in models where model.value.pipeline == nil {
            let name = model.value.plugin
            let isImplied = !pluginNames.contains(name) && reading.context.installedPlugins.contains(name)
            if isImplied {
                guard !plugins.contains(where: { $0.name == name }) else { continue }
                plugins.append(PluginConfiguration(name: name, source: .name(name), location: model.span.location))
            } else {
                pluginNames.use(name, at: model.span, others: reading.context.installedPlugins, reading)
            }
        }
        if let user = models.first(where: \.value.usesMedia) {
            let name = MediaConfiguration.plugin
            if pluginNames.contains(name) {
                pluginNames.use(name, at: user.span, others: reading.context.installedPlugins, reading)
            } else if !plugins.contains(where: { $0.name == name }) {
                plugins.append(PluginConfiguration(name: name, source: .name(name), location: user.span.location))
            }
        }
        if modelNodes.count == models.count {
            for plugin in pluginNames.unused {
                reading.error("no model uses plugin \(quoted(plugin.value))", at: plugin.span, "use it or remove it")
            }
        }
        PluginBlock.checkProcesses(pluginResults, models: models.map(\.value), reading)
        RemoteUse.check(models, plugins: plugins, reading)
        let names = NameTable("model", modelNodes)
        PipelineGraph.check(models.map(\.value), names: names, reading)
        return (models.map(\.value), plugins, names)
    }

    /// The routes that the file gives; `nil` where it gives none.
    private static func readRoutes(
        _ reader: MappingReader, auth: AuthConfiguration?, models: NameTable, limits: NameTable,
        callers: MatchBlock.Names, _ reading: Reading
    ) -> [RouteBlock.Result]? {
        guard let nodes = reader.value(routes) else { return nil }
        let routes = nodes.compactMap {
            RouteBlock.read($0, auth: auth, models: models, limits: limits, callers: callers, reading)
        }
        RouteBlock.check(routes, reading)
        for model in models.unused {
            reading.error(
                "no route reaches model \(quoted(model.value))", at: model.span, "send something to it or remove it")
        }
        return routes
    }

    /// The route that a model gets where the file gives none.
    private static func route(to model: ModelConfiguration, auth: AuthConfiguration) -> RouteConfiguration {
        RouteConfiguration(
            name: model.name, model: model.name, contentTypes: [], identities: auth.kinds,
            targets: [RouteConfiguration.Target(model: model.name, weight: 1, location: model.location)], fallback: [],
            deadline: RouteBlock.standardDeadline, location: model.location)
    }
}
