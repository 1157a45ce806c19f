import Configuration
import Policies
import Tensors
import Testing

@Suite struct PolicyEngineTests {
    private static let start = MonotonicTime(nanoseconds: 0)
    private static let moment = QuotaMoment(monotonic: start, wall: 0)

    private static func admit(_ engine: PolicyEngine, _ principal: Principal) -> QuotaOutcome {
        engine.admit(principal.consumer, .init(route: nil, model: 0), facts: QuotaFacts(), now: moment)
    }

    private static func configuration(
        auth: AuthConfiguration, consumers: [ConsumerConfiguration], limits: [LimitConfiguration] = []
    ) -> GatewayConfiguration {
        GatewayConfiguration(
            listeners: [], plugins: [],
            models: [
                ModelConfiguration(
                    name: "echo", plugin: "echo", config: .mapping([]), location: SourceLocation(line: 1, column: 1))
            ], auth: auth, consumers: consumers, limits: limits, routes: [],
            observability: ObservabilityConfiguration(), drain: .seconds(25))
    }

    private static func consumer(
        _ name: String, key: String? = nil, expires: Int64? = nil, models: [String] = ["*"], limits: [String] = []
    ) -> ConsumerConfiguration {
        ConsumerConfiguration(
            name: name, keys: key.map { [.init(id: "k", sha256: KeyDigest(of: $0).hex, expires: expires)] } ?? [],
            allowedModels: models, limits: limits, location: SourceLocation(line: 1, column: 1))
    }

    private static func limit(_ name: String, _ quotas: (max: Int, burst: Int)...) -> LimitConfiguration {
        LimitConfiguration(
            name: name,
            quotas: quotas.map { .init(count: .requests, max: $0.max, period: .seconds(60), burst: $0.burst) })
    }

    @Test func knowsConsumersByTheKeysOfTheFile() throws {
        let engine = PolicyEngine(
            Self.configuration(
                auth: .apiKeys(header: "authorization"),
                consumers: [
                    Self.consumer("acme", key: "one", models: ["vision/*"]),
                    Self.consumer("other", key: "two", expires: 100),
                ]), now: Self.start)
        #expect(engine.keyHeader == "authorization")
        let acme = try engine.identify(headerValue: "Bearer one", requiresKey: true, nowSeconds: 200)
        #expect(acme.name == "acme")
        #expect(acme.mayUse("vision/x") && !acme.mayUse("iris"))
        #expect(try engine.identify(headerValue: "Bearer two", requiresKey: true, nowSeconds: 99).name == "other")
        #expect(throws: SluiceError.self) {
            try engine.identify(headerValue: "Bearer two", requiresKey: true, nowSeconds: 100)
        }
        #expect(throws: SluiceError.self) {
            try engine.identify(headerValue: nil, requiresKey: true, nowSeconds: 0)
        }
    }

    @Test func openRoutesServeAnonymousWhateverKeyComes() throws {
        let engine = PolicyEngine(
            Self.configuration(auth: .apiKeys(header: "authorization"), consumers: [Self.consumer("acme", key: "one")]),
            now: Self.start)
        for value in [nil, "Bearer one", "Bearer sk-dummy", "Basic abc"] {
            let consumer = try engine.identify(headerValue: value, requiresKey: false, nowSeconds: 0)
            #expect(consumer.name == "anonymous")
            #expect(consumer.mayUse("anything"))
        }
        #expect(engine.consumers.map(\.name) == ["acme", "anonymous"])
    }

    @Test func anonymousHasWhatTheFileSays() throws {
        let engine = PolicyEngine(
            Self.configuration(
                auth: .none, consumers: [Self.consumer("anonymous", models: ["iris"], limits: ["trial"])],
                limits: [Self.limit("trial", (max: 1, burst: 1))]), now: Self.start)
        let consumer = try engine.identify(headerValue: "Bearer x", requiresKey: false, nowSeconds: 0)
        #expect(consumer.mayUse("iris") && !consumer.mayUse("other"))
        guard case .admitted(let reservation, _?) = Self.admit(engine, consumer),
            case .refused(let error, _) = Self.admit(engine, consumer)
        else {
            Issue.record("the trial quota doesn't hold")
            return
        }
        #expect(error.code == .quotaExceeded)
        reservation.refund(now: Self.moment)
        guard case .admitted = Self.admit(engine, consumer) else {
            Issue.record("the refund is lost")
            return
        }
        #expect(engine.consumers.map(\.name) == ["anonymous"])
    }

    @Test func routesThatAskForKeysWorkWhereTheFileDoesNot() throws {
        let engine = PolicyEngine(
            Self.configuration(auth: .none, consumers: [Self.consumer("acme", key: "one")]), now: Self.start)
        #expect(try engine.identify(headerValue: "Bearer one", requiresKey: true, nowSeconds: 0).name == "acme")
        #expect(try engine.identify(headerValue: nil, requiresKey: false, nowSeconds: 0).name == "anonymous")
    }

    @Test func noKeysAtAllMeansNoneIsGoodEnough() {
        let engine = PolicyEngine(Self.configuration(auth: .none, consumers: []), now: Self.start)
        #expect(engine.keyHeader == nil)
        let error = #expect(throws: SluiceError.self) {
            try engine.identify(headerValue: "Bearer one", requiresKey: true, nowSeconds: 0)
        }
        #expect(error?.code == .unauthenticated)
    }

    @Test func quotasOfAllLimitSetsCountAndEachConsumerHasItsOwn() throws {
        let engine = PolicyEngine(
            Self.configuration(
                auth: .apiKeys(header: "authorization"),
                consumers: [
                    Self.consumer("acme", key: "one", limits: ["wide", "narrow"]),
                    Self.consumer("other", key: "two", limits: ["narrow"]),
                ],
                limits: [
                    Self.limit("wide", (max: 100, burst: 100), (max: 50, burst: 5)),
                    Self.limit("narrow", (max: 6, burst: 2)),
                ]),
            now: Self.start)
        let acme = try engine.identify(headerValue: "Bearer one", requiresKey: true, nowSeconds: 0)
        guard case .admitted(_, let status?) = Self.admit(engine, acme) else {
            Issue.record("refused")
            return
        }
        #expect(status.policyHeader == "\"narrow\";q=6;w=60, \"wide-1\";q=100;w=60, \"wide-2\";q=50;w=60")
        _ = Self.admit(engine, acme)
        guard case .refused = Self.admit(engine, acme) else {
            Issue.record("the narrow quota doesn't hold")
            return
        }
        let other = try engine.identify(headerValue: "Bearer two", requiresKey: true, nowSeconds: 0)
        guard case .admitted = Self.admit(engine, other) else {
            Issue.record("one consumer's use counts against another")
            return
        }
    }
}

extension PolicyEngine {
    /// Says who is asking, by the value of the key header.
    fileprivate func identify(
        headerValue: String?, requiresKey: Bool, nowSeconds: Int64
    ) throws(SluiceError) -> Principal {
        try identify(
            read(ShownCredentials(key: headerValue)), kinds: requiresKey ? .apiKeys : [], nowSeconds: nowSeconds)
    }
}

extension Principal {
    fileprivate func mayUse(_ model: String) -> Bool {
        decide(.infer, model: model, at: AccessPlace(listener: "public", address: nil), nowSeconds: 0) == .allowed
    }
}
