import Configuration
import Routing
import Tensors

let somewhere = SourceLocation(line: 1, column: 1)

/// A configuration of these routes only; every model that they name exists, in the order given or found.
func configuration(
    _ routes: [RouteConfiguration], timeouts: [String: Duration] = [:], models: [String] = []
) -> GatewayConfiguration {
    var names = models
    for name in routes.flatMap({ $0.targets.map(\.model) + $0.fallback.compactMap(\.model) })
    where !names.contains(name) {
        names.append(name)
    }
    return GatewayConfiguration(
        listeners: [], plugins: [],
        models: names.map { name in
            var model = ModelConfiguration(name: name, plugin: "p", config: .null, location: somewhere)
            model.timeout = timeouts[name]
            return model
        },
        auth: .none, consumers: [], limits: [], routes: routes, observability: ObservabilityConfiguration(),
        drain: .seconds(25))
}

func route(
    _ name: String, model: String? = nil, types: [String] = [], to targets: [(String, Int)] = [("m", 1)],
    fallback: [(Set<RouteConfiguration.FallbackCondition>, String)] = [], deadline: Duration = .seconds(30),
    retry: RetryConfiguration? = nil, rungs: [RouteConfiguration.Rung] = []
) -> RouteConfiguration {
    var route = RouteConfiguration(
        name: name, model: model, contentTypes: types, identities: [],
        targets: targets.enumerated().map { index, target in
            .init(model: target.0, weight: target.1, location: SourceLocation(line: 10, column: index + 1))
        },
        fallback: fallback.enumerated().map { index, rung in
            .init(when: rung.0, model: rung.1, location: SourceLocation(line: 20 + index, column: 7))
        }, deadline: deadline, location: somewhere)
    route.retry = retry
    route.fallback += rungs
    return route
}
