internal import Configuration
internal import Gateway
internal import PluginHost
internal import Policies
internal import Telemetry
internal import Tensors

/// A gate with so many consumers and routes, and what their clients send.
///
/// Every consumer has a key, a rule that allows three models, and a quota of requests; for all of them a rule denies one
/// model, so that rules of both kinds are asked.
final class PolicyOffice: Sendable {
    let gate: Gate
    let shown: [ShownCredentials]
    /// The model that each consumer asks for.
    let models: [String]

    /// - Parameter isNested: the consumer has a second quota, and all requests and those of each model have one, too.
    init(consumers count: Int, routes: Int, isNested: Bool) {
        let keys = (0..<count).map { number in
            guard let key = try? APIKey.generate(id: "k\(number)") else { fatalError("a key can't be made") }
            return key
        }
        let configuration = Self.configuration(keys: keys, routes: routes, isNested: isNested)
        do {
            gate = try Gate(
                Revision(number: 1, hash: ""), configuration: configuration,
                models: configuration.models.map(\.unloaded),
                metrics: GatewayMetrics(version: "bench"), now: .now)
        } catch {
            fatalError("no gate: \(error)")
        }
        shown = keys.map { ShownCredentials(key: "Bearer \($0.text)", listener: "public") }
        models = (0..<count).map { Self.model($0 % routes) }
    }

    private static let place = SourceLocation(line: 1, column: 1)

    private static func model(_ number: Int) -> String { "team-\(number % 7)/model-\(number)" }

    private static func configuration(keys: [APIKey], routes: Int, isNested: Bool) -> GatewayConfiguration {
        let most = 1_000_000_000
        let quota = LimitConfiguration.Quota(count: .requests, max: most, period: .seconds(1), burst: most)
        let limits = isNested ? ["plenty"] : []
        let names = (0..<routes).map { model($0) }
        var configuration = GatewayConfiguration(
            listeners: [], plugins: [],
            models: names.map { name in
                var model = ModelConfiguration(name: name, plugin: "echo", config: .mapping([]), location: place)
                model.limits = limits
                return model
            },
            auth: AuthConfiguration(kinds: .apiKeys),
            consumers: keys.enumerated().map { number, key in
                ConsumerConfiguration(
                    name: "consumer-\(number)", keys: [.init(id: key.id, sha256: key.digest.text)],
                    allowedModels: [0, 1, 3].map { names[(number + $0) % routes] },
                    limits: ["plenty"] + (isNested ? ["tokens"] : []), location: place)
            },
            limits: [
                LimitConfiguration(name: "plenty", quotas: [quota]),
                LimitConfiguration(
                    name: "tokens",
                    quotas: [.init(count: .fact(.tokens), max: most, period: .seconds(1), burst: most)]),
            ],
            routes: names.map { name in
                RouteConfiguration(
                    name: name, model: name, contentTypes: [], identities: .apiKeys,
                    targets: [.init(model: name, weight: 1, location: place)], fallback: [], deadline: .seconds(30),
                    location: place)
            }, observability: ObservabilityConfiguration(), drain: .seconds(1))
        configuration.deny = [AccessRule(models: ["internal"])]
        configuration.globalLimits = limits
        return configuration
    }
}

extension ModelConfiguration {
    /// What policy decides needs no model.
    fileprivate var unloaded: ModelRuntime {
        ModelRuntime(configuration: self, state: .failure(.init(.unloaded, "nothing is asked of it")))
    }
}
