internal import Configuration
package import Policies
package import Routing
internal import Telemetry
package import Tensors

/// A public model name and what stands behind it, as listings and metadata show it.
package struct ModelEntry: Sendable {
    /// The name that clients use.
    package var name: String
    package var route: Route
    /// The model that answers first.
    package var model: ModelRuntime
    /// What has become of the calls into that model.
    package var statistics: ModelStatistics
    /// Whether any model of the route can answer.
    package var isReady: Bool
    /// When its gate began to serve; seconds since 1970.
    package var created: Int
    /// What clients send and get; `nil` while no model of the route is loaded.
    package var signature: ModelSignature?
}

extension Gate {
    /// Checks that a caller may ask what models there are.
    ///
    /// - Throws: `unauthenticated`.
    package func checkCatalogueAccess(caller: Credentials) throws(SluiceError) {
        _ = try cataloguePrincipal(caller)
    }

    func cataloguePrincipal(_ caller: Credentials) throws(SluiceError) -> Principal {
        try policies.identify(caller, kinds: identities, nowSeconds: Int64(WallClock.secondsSince1970))
    }

    /// Every public name that the caller may know of, in the order of the file.
    package func catalogue(caller: Credentials) throws(SluiceError) -> [ModelEntry] {
        let principal = try cataloguePrincipal(caller)
        return routes.publicNames.compactMap { name in
            guard principal.maySee(name, at: caller.place),
                let route = try? routes.match(name: name, isCaller: { isCaller(principal, of: $0) })
            else { return nil }
            return entry(name: name, route: route)
        }
    }

    /// What stands behind one public name, in the version asked for.
    ///
    /// - Throws: `unauthenticated`; `model_not_found`, also for what the caller may not know of.
    package func entry(name: String, version: String?, caller: Credentials) throws(SluiceError) -> ModelEntry {
        let principal = try cataloguePrincipal(caller)
        let shows = { (name: String) in principal.maySee(name, at: caller.place) }
        guard shows(name), let route = try? routes.match(name: name, isCaller: { isCaller(principal, of: $0) }) else {
            throw routes.unknownModel(name, showing: shows)
        }
        let entry = entry(name: name, route: route)
        if let version, version != entry.model.version { throw Self.unknownVersion(version, of: name, entry.model) }
        return entry
    }

    /// The error for a version that isn't served.
    static func unknownVersion(_ version: String, of name: String, _ model: ModelRuntime) -> SluiceError {
        SluiceError(
            .modelNotFound,
            "Request for unknown model: '\(name)' version '\(version.prefix(32))'; version '\(model.version)' is served",
            detail: [.init("model", name), .init("version", model.version)])
    }

    private func entry(name: String, route: Route) -> ModelEntry {
        let model = models[route.targets[0].index]
        return ModelEntry(
            name: name, route: route, model: model, statistics: statistics[route.targets[0].index],
            isReady: isReady(route, now: .now), created: began,
            signature: signature(of: route, first: model))
    }

    /// The signature that bodies are decoded by: the first model's, or that of a fallback while the first is down.
    func signature(of route: Route, first: ModelRuntime) -> ModelSignature? {
        if let signature = first.signature { return signature }
        for rung in route.fallback {
            guard let place = rung.model?.index, var signature = models[place].signature else { continue }
            for index in signature.inputs.indices where signature.inputs[index].columns.isEmpty {
                signature.inputs[index].columns = first.configuration.columns[signature.inputs[index].name] ?? []
            }
            return signature
        }
        return nil
    }
}
