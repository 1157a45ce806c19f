package import Configuration
internal import Policies
internal import Routing
package import Tensors

/// One imaginary request's way through a configuration, each decision with its place in the file.
///
/// The decisions are made by the very route table and policies that serve; this only says what they found.
package struct Explanation: Sendable {
    /// What is known of the request.
    package struct Request: Sendable {
        /// Whose key it carries; `nil` where it carries none.
        package var consumer: String?
        /// The model that it names, if any.
        package var model: String?
        package var contentType: String?
        /// The path; `nil` where it isn't said.
        package var path: String?
        /// Header fields by their names in lower case.
        package var fields: [String: String] = [:]
        /// What the caller's token says, by paths.
        package var claims: [String: String] = [:]
        /// `nil` where nothing is said of them.
        package var inputs: [Input]?

        /// An input of which only the form is known.
        package struct Input: Sendable {
            package var name: String
            package var dataType: DataType
            package var shape: [Int]

            package init(name: String, dataType: DataType, shape: [Int]) {
                self.name = name
                self.dataType = dataType
                self.shape = shape
            }
        }
        package var operation = AccessOperation.infer
        /// The listener that it comes in by; `nil` for the first that serves such requests.
        package var listener: String?
        /// Where it comes from.
        package var address = NetworkAddress("127.0.0.1")

        package init(consumer: String?, model: String?, contentType: String?) {
            self.consumer = consumer
            self.model = model
            self.contentType = contentType
        }
    }

    /// One decision.
    package struct Step: Sendable, Equatable {
        package enum Kind: String, Sendable {
            case listener, route, identity, right, quota, deadline, model, step, retry, hedge, fallback, shadow,
                redaction
            case refused
        }

        package var kind: Kind
        package var text: String
        /// Where the file says so.
        package var location: SourceLocation?
    }

    package private(set) var steps: [Step] = []
    /// The code of the refusal, where the request gets no further than to one.
    package private(set) var refusal: String?

    let configuration: GatewayConfiguration
    let request: Request
    let nowSeconds: Int64

    package init(_ request: Request, in configuration: GatewayConfiguration, nowSeconds: Int64) {
        self.configuration = configuration
        self.request = request
        self.nowSeconds = nowSeconds
        let table = RouteTable(configuration)
        let policies = PolicyEngine(configuration, now: .now)
        do {
            explainListeners()
            if request.operation == .infer {
                let route = try explainRoute(table)
                let consumer = try explainIdentity(route, policies)
                try explainRight(consumer, model: request.model ?? route.name, table)
                explainQuotas(consumer.consumer, policies, route: route)
                explainModels(route, nowSeconds: nowSeconds)
            } else {
                let caller = try explainCaller(policies)
                try explainRight(caller, model: request.operation == .admin ? nil : request.model ?? "", table)
            }
        } catch {
            refusal = error.code.text
            add(.refused, "\(error.code.httpStatus) \(error.code.text): \(error.message)")
        }
    }

    mutating func add(_ kind: Step.Kind, _ text: String, at location: SourceLocation? = nil) {
        steps.append(Step(kind: kind, text: text, location: location))
    }

    private mutating func explainListeners() {
        let operation = request.operation
        let what = operation.isAdministrative ? (operation == .load ? "admin or repository" : "admin") : "inference"
        for listener in configuration.listeners where operation.isServed(by: listener) {
            add(.listener, "\"\(listener.name)\" on \(listener.host):\(listener.port) serves \(what)")
        }
    }

    private mutating func explainIdentity(_ route: Route, _ policies: PolicyEngine) throws(SluiceError) -> Principal {
        guard route.requiresKey else {
            let entry = configuration.consumers.first { $0.name == ConsumerConfiguration.anonymous }
            let whose = request.consumer.map { ", and so a key of \"\($0)\" isn't looked at" } ?? ""
            add(.identity, "the caller is \"anonymous\": the route asks for no key\(whose)", at: entry?.location)
            return policies.anonymous
        }
        guard let name = request.consumer else {
            return try policies.identify(
                policies.read(ShownCredentials(key: nil)), kinds: route.identities, nowSeconds: nowSeconds)
        }
        return try explainConsumer(name, kinds: route.identities, policies)
    }

    /// Who asks for what goes to no route.
    private mutating func explainCaller(_ policies: PolicyEngine) throws(SluiceError) -> Principal {
        let kinds = configuration.routes.reduce(configuration.auth.kinds) { $0.union($1.identities) }
        guard let name = request.consumer, !kinds.isEmpty else {
            guard request.operation == .metadata, configuration.auth.kinds.isEmpty else {
                throw SluiceError(.unauthenticated, "nothing is known of somebody who shows nothing")
            }
            add(.identity, "the caller is \"anonymous\"")
            return policies.anonymous
        }
        return try explainConsumer(name, kinds: kinds, policies)
    }

    private mutating func explainConsumer(
        _ name: String, kinds: IdentityKinds, _ policies: PolicyEngine
    ) throws(SluiceError) -> Principal {
        guard let entry = configuration.consumers.first(where: { $0.name == name }),
            let consumer = policies.consumers.first(where: { $0.name == name })
        else { throw SluiceError(.unauthenticated, "there is no consumer \"\(name)\", so no key of it is known") }
        let ways = ways(of: entry, kinds: kinds)
        guard !ways.isEmpty else {
            guard kinds.contains(.apiKeys), !entry.keys.isEmpty else {
                let words = kinds.words.joined(separator: ", ")
                throw SluiceError(.unauthenticated, "\"\(name)\" has nothing to show that the route takes: \(words)")
            }
            add(.identity, "every key of \"\(name)\" has expired", at: entry.location)
            throw SluiceError(.unauthenticated, "this API key has expired")
        }
        add(.identity, "the caller is \"\(name)\", by \(ways.joined(separator: " or "))", at: entry.location)
        return Principal(consumer, claims: Claims(request.claims.mapValues { .string($0) }))
    }

    /// How a consumer may prove who it is.
    private func ways(of consumer: ConsumerConfiguration, kinds: IdentityKinds) -> [String] {
        var ways: [String] = []
        let live = consumer.keys.filter { $0.expires.map { $0 > nowSeconds } ?? true }
        if kinds.contains(.apiKeys), !live.isEmpty {
            ways.append("its key \(live.map(\.id).joined(separator: " or "))")
        }
        if kinds.contains(.tokens) {
            ways += configuration.issuers.filter { $0.owner.canBe(consumer.name) }.map { "a token of \"\($0.name)\"" }
        }
        if kinds.contains(.certificates), !consumer.certificates.isEmpty {
            ways.append("a certificate with \(consumer.certificates.joined(separator: " or "))")
        }
        return ways
    }

    private mutating func explainQuotas(_ consumer: Consumer, _ policies: PolicyEngine, route: Route) {
        let entry = configuration.consumers.first { $0.name == consumer.name }
        let ledgers = policies.ledgers(of: consumer, route: route.index, models: route.targets.map(\.index))
        for ledger in ledgers {
            for policy in ledger.policies {
                let amount = policy.count == .fact(.requests) ? "1 request" : policy.count.text
                let atOnce = policy.capacity == policy.max ? "" : ", \(policy.capacity) at once"
                let only = policy.isShadow ? ", measured only" : ""
                add(
                    .quota, "takes \(amount) from \"\(policy.name)\": \(policy.text)\(atOnce)\(only)",
                    at: ledger.subject.kind == .consumer ? entry?.location : nil)
            }
        }
        if ledgers.isEmpty { add(.quota, "\"\(consumer.name)\" has no limits", at: entry?.location) }
    }

    private mutating func explainModels(_ route: Route, nowSeconds: Int64) {
        let configured = configuration.routes[route.index]
        add(.deadline, "\(Self.text(route.deadlineNanoseconds)) for all tries together", at: route.location)
        let parts = parts(of: configured, nowSeconds: nowSeconds)
        for (target, part) in zip(route.targets, parts) {
            add(.model, part + describe(target), at: target.location)
            explainSteps(of: configuration.models[target.index])
        }
        if let retry = configured.retry {
            let when = retry.when.map(\.rawValue).sorted().joined(separator: ", ")
            add(
                .retry,
                "after \(when) a model is asked again, \(retry.attempts) times in all, while no more than "
                    + "\(retry.budgetPercent)% of the requests need it, and \(retry.burst) on top",
                at: configured.location)
        }
        if let hedge = configured.hedge {
            let moment =
                switch hedge.after {
                case .fixed(let delay): "after \(Self.text(delay.wholeNanoseconds))"
                case .percentile(let percent): "when \(percent) of 100 of its answers would be there,"
                }
            add(
                .hedge,
                "\(moment) the model is asked a second time, while no more than \(hedge.budgetPercent)% of the "
                    + "requests need it",
                at: configured.location)
        }
        for (number, rung) in route.fallback.enumerated() {
            var causes = rung.when.map(\.rawValue).sorted()
            if let bound = rung.lowConfidence { causes.append("\"\(bound.output)\" below \(bound.below)") }
            add(
                .fallback, "\(number + 1). after \(causes.joined(separator: ", ")): \(describe(rung.action))",
                at: rung.location)
        }
        for name in configured.redactions {
            guard let rule = configuration.redactions.first(where: { $0.name == name }) else { continue }
            let kinds = (rule.detectors.map(\.rawValue) + rule.patterns.map(\.name)).joined(separator: ", ")
            let places = rule.places.map(\.rawValue).sorted().joined(separator: " and ")
            add(.redaction, "\"\(name)\" looks for \(kinds) in \(places): \(rule.action.rawValue)", at: rule.location)
        }
        if let shadow = route.shadow, let settings = configured.shadow?.settings {
            add(
                .shadow,
                "\(ShareText.text(settings.share)) of what is answered goes to \(describe(shadow)), whose answers nobody gets",
                at: shadow.location)
        }
    }

    private func describe(_ action: Route.Rung.Action) -> String {
        switch action {
        case .model(let model): describe(model)
        case .stale(let age): "what a model answered to an equal request, at most \(Self.text(age)) ago"
        case .answer(let outputs):
            "the answer that the file gives: \(outputs.map { "\"\($0.name)\"" }.joined(separator: ", "))"
        }
    }

    private func describe(_ model: Route.Model) -> String {
        let configured = configuration.models[model.index]
        let limit = model.timeoutNanoseconds.map { ", at most \(Self.text($0))" } ?? ""
        let means = configured.pipeline.map { "made of \($0.modelsText)" } ?? "by plugin \"\(configured.plugin)\""
        return "model \"\(model.name)\" version \(configured.version), \(means)\(limit)"
    }

    private static func text(_ nanoseconds: UInt64) -> String {
        let milliseconds = nanoseconds / 1_000_000
        return milliseconds % 1000 == 0 ? "\(milliseconds / 1000) s" : "\(milliseconds) ms"
    }
}

extension Explanation {
    /// One line for each decision, with its line in the file.
    package func text(file: String) -> String {
        steps.map { step in
            let kind = step.kind.rawValue + String(repeating: " ", count: max(1, 10 - step.kind.rawValue.count))
            return kind + step.text + (step.location.map { "  (\(file):\($0.line))" } ?? "")
        }.joined(separator: "\n")
    }

    /// `{"refused": code or null, "steps": [{"step", "decision", "line"}]}`.
    package var json: String {
        let items = steps.map { step in
            ConfigurationValue.mapping([
                ("step", .string(step.kind.rawValue)), ("decision", .string(step.text)),
                ("line", step.location.map { .integer(Int64($0.line)) } ?? .null),
            ])
        }
        return ConfigurationValue.mapping([
            ("refused", refusal.map { .string($0) } ?? .null), ("steps", .list(items)),
        ]).json
    }
}
