internal import Configuration
internal import Tensors

/// Which facts a model's requests can have: what can't be there can't be counted.
enum CountableFacts {
    /// Why `fact` is never known of the model's requests; `nil` where it is.
    static func obstacle(_ fact: QuotaFact, of model: ModelRuntime) -> String? {
        guard let signature = model.signature else { return nil }
        switch fact {
        case .requests, .elements, .bytesIn, .bytesOut, .pluginMilliseconds, .tokens: return nil
        case .pixels:
            let takesPictures = model.decoders.contains { $0.kinds.contains(.image) }
            return takesPictures ? nil : "none of its inputs is made of pictures"
        case .audioSeconds:
            let takesSound = model.decoders.contains { $0.kinds.contains(.audio) }
            return takesSound ? nil : "none of its inputs is made of sound"
        case .rows: return signature.batching == .none ? "its inputs have no batch dimension" : nil
        case .characters:
            let hasText = model.tokenizer != nil || signature.inputs.contains { $0.dataType == .bytes }
            return hasText ? nil : "none of its inputs is text"
        }
    }

    /// Counts that are nothing for every model that they are for.
    ///
    /// Models that aren't loaded may have anything.
    static func diagnostics(_ configuration: GatewayConfiguration, models: [ModelRuntime]) -> [Diagnostic] {
        var diagnostics: [Diagnostic] = []
        for (model, runtime) in zip(configuration.models, models) {
            for fact in QuotaFact.allCases where model.cost?.facts.contains(fact) ?? false {
                guard let obstacle = obstacle(fact, of: runtime) else { continue }
                diagnostics.append(
                    Diagnostic(
                        severity: .error,
                        message: "model \"\(model.name)\" has no \(fact.rawValue) to count in its cost: \(obstacle)",
                        location: model.costLocation ?? model.location))
            }
        }
        let reach = reach(of: configuration)
        for limit in configuration.limits {
            let reached = models.filter { reach[limit.name]?.contains($0.name) ?? false }
            for case .fact(let fact) in limit.quotas.map(\.count) {
                let obstacles = reached.map { obstacle(fact, of: $0) }
                guard let first = reached.first, let reason = obstacles.first ?? nil,
                    obstacles.allSatisfy({ $0 != nil })
                else { continue }
                let others = reached.count == 1 ? "" : ", and \(reached.count - 1) more have none either"
                diagnostics.append(
                    Diagnostic(
                        severity: .error,
                        message: """
                            limit "\(limit.name)" counts \(fact.rawValue), but model "\(first.name)" has none: \
                            \(reason)\(others)
                            """,
                        location: limit.location, length: limit.name.count))
            }
        }
        return diagnostics
    }

    /// The models that each limit may count requests of.
    private static func reach(of configuration: GatewayConfiguration) -> [String: Set<String>] {
        var reach: [String: Set<String>] = [:]
        for model in configuration.models {
            for limit in model.limits { reach[limit, default: []].insert(model.name) }
        }
        func models(of route: RouteConfiguration) -> [String] {
            route.targets.map(\.model) + route.fallback.compactMap(\.model)
        }
        for route in configuration.routes {
            for limit in route.limits { reach[limit, default: []].formUnion(models(of: route)) }
        }
        for limit in configuration.globalLimits {
            reach[limit, default: []].formUnion(configuration.models.map(\.name))
        }
        let groups = Dictionary(
            configuration.groups.map { ($0.name, $0.limits) }, uniquingKeysWith: { first, _ in first })
        for consumer in configuration.consumers {
            let limits = consumer.limits + consumer.groups.flatMap { groups[$0] ?? [] }
            guard !limits.isEmpty else { continue }
            let allowed = configuration.allow(of: consumer).flatMap(\.models).map(NamePattern.init)
            let routes = configuration.routes.filter { route in
                guard let pattern = route.model.map(NamePattern.init) else { return true }
                return allowed.contains { $0.overlaps(pattern) }
            }
            for limit in limits { reach[limit, default: []].formUnion(routes.flatMap(models(of:))) }
        }
        return reach
    }
}
