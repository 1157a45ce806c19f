import Configuration
import NIOConcurrencyHelpers
import Tensors
import Testing

@testable import Policies

/// One request and all the quotas that it is counted by.
@Suite struct QuotaAdmissionTests {
    private static let place = SourceLocation(line: 1, column: 1)
    private static let now = QuotaMoment(
        monotonic: MonotonicTime(nanoseconds: 1_000_000_000_000), wall: 1_795_665_600_000_000_000)

    private static func quota(
        _ count: LimitConfiguration.Quota.Count, _ max: Int, mode: LimitConfiguration.Quota.Mode = .enforce,
        store: String? = nil
    ) -> LimitConfiguration.Quota {
        var quota =
            count == .concurrent
            ? LimitConfiguration.Quota(count: count, max: max, window: .now)
            : LimitConfiguration.Quota(count: count, max: max, period: .seconds(60), burst: max)
        quota.mode = mode
        quota.store = store
        return quota
    }

    /// A gateway of two models and one route to the first, whose limits are those given.
    private static func engine(
        consumer: [LimitConfiguration.Quota] = [], model: [LimitConfiguration.Quota] = [],
        other: [LimitConfiguration.Quota] = [], route: [LimitConfiguration.Quota] = [],
        global: [LimitConfiguration.Quota] = [], group: [LimitConfiguration.Quota] = [], cost: String? = nil,
        stores: [String: QuotaStore] = [:],
        previous: PolicyEngine? = nil
    ) throws -> PolicyEngine {
        var models = ["first", "second"].map {
            ModelConfiguration(name: $0, plugin: "echo", config: .mapping([]), location: place)
        }
        var limits: [LimitConfiguration] = []
        func named(_ name: String, _ quotas: [LimitConfiguration.Quota]) -> [String] {
            if quotas.isEmpty { return [] }
            limits.append(LimitConfiguration(name: name, quotas: quotas))
            return [name]
        }
        models[0].limits = named("m", model)
        models[1].limits = named("o", other)
        if let cost {
            let text = """
                version: 1
                listeners: { a: { address: "127.0.0.1:1" } }
                models: { first: { plugin: echo, cost: "\(cost)" } }
                auth: none
                limits: { c: [{ count: cost, max: 1/s }] }
                global_limits: c
                """
            let loaded = ConfigurationLoader().load(
                text,
                context: .init(
                    folder: "/", environment: [:], installedPlugins: ["echo"], fileExists: { _ in true }, nowSeconds: 0)
            )
            models[0].cost = try #require(loaded.configuration).models[0].cost
        }
        var sent = RouteConfiguration(
            name: "way", model: nil, contentTypes: [], identities: [],
            targets: [.init(model: "first", weight: 1, location: place)], fallback: [], deadline: .seconds(1),
            location: place)
        sent.limits = named("r", route)
        var anonymous = ConsumerConfiguration(
            name: "anonymous", keys: [], allowedModels: ["*"], limits: named("c", consumer), location: place)
        let all = named("g", global)
        let shared = named("team", group)
        if !shared.isEmpty { anonymous.groups = ["lab"] }
        var configuration = GatewayConfiguration(
            listeners: [], plugins: [], models: models, auth: .none, consumers: [anonymous], limits: limits,
            routes: [sent], observability: ObservabilityConfiguration(), drain: .seconds(25))
        configuration.globalLimits = all
        if !shared.isEmpty { configuration.groups = [GroupConfiguration(name: "lab", limits: shared)] }
        return PolicyEngine(
            configuration, previous: previous, stores: stores, now: now.monotonic, wall: now.wall)
    }

    private static func admit(
        _ engine: PolicyEngine, facts: QuotaFacts = QuotaFacts(), at moment: QuotaMoment = now
    ) -> QuotaOutcome {
        engine.admit(engine.anonymous.consumer, .init(route: 0, model: 0), facts: facts, now: moment)
    }

    private static func used(_ engine: PolicyEngine) -> [String: Double] {
        var used: [String: Double] = [:]
        for bucket in engine.ledgers.flatMap(\.buckets) {
            used[bucket.policy.name] = bucket.standing(now: now).used
        }
        return used
    }

    private static func isRefused(_ outcome: QuotaOutcome, by quota: String) -> Bool {
        guard case .refused(let error, _) = outcome else { return false }
        return error.code == .quotaExceeded && error.message.contains("\"\(quota)\"")
    }

    @Test func nestedQuotasAreChargedTogetherOrNotAtAll() throws {
        let engine = try Self.engine(
            consumer: [Self.quota(.requests, 9)], model: [Self.quota(.requests, 3)], route: [Self.quota(.requests, 8)],
            global: [Self.quota(.requests, 7)], group: [Self.quota(.requests, 6)])
        var reservations: [QuotaReservation] = []
        for _ in 0..<3 {
            guard case .admitted(let reservation, let status?) = Self.admit(engine) else {
                Issue.record("refused")
                return
            }
            reservations.append(reservation)
            #expect(status.policy.name == "model:first/m")
        }
        for _ in 0..<5 { #expect(Self.isRefused(Self.admit(engine), by: "model:first/m")) }
        #expect(
            Self.used(engine)
                == ["c": 3, "model:first/m": 3, "route:way/r": 3, "global/g": 3, "group:lab/team": 3])
        reservations[0].refund(now: Self.now)
        #expect(
            Self.used(engine)
                == ["c": 2, "model:first/m": 2, "route:way/r": 2, "global/g": 2, "group:lab/team": 2])
        guard case .admitted(_, let status?) = Self.admit(engine) else {
            Issue.record("refused")
            return
        }
        #expect(
            status.policyHeader
                == "\"model:first/m\";q=3;w=60, \"global/g\";q=7;w=60, \"route:way/r\";q=8;w=60, "
                + "\"group:lab/team\";q=6;w=60, \"c\";q=9;w=60")
    }

    @Test func aFallbackLeavesTheFirstModelsQuotaAndTakesItsOwn() throws {
        let engine = try Self.engine(
            consumer: [Self.quota(.requests, 9)], model: [Self.quota(.requests, 3)], other: [Self.quota(.requests, 1)])
        guard case .admitted(var reservation, _) = Self.admit(engine) else {
            Issue.record("refused")
            return
        }
        reservation.leaveModel(now: Self.now)
        #expect(Self.used(engine) == ["c": 1, "model:first/m": 0, "model:second/o": 0])
        guard
            case .admitted(let other, _) = engine.admit(
                nil, .init(route: nil, model: 1), facts: QuotaFacts(), now: Self.now)
        else {
            Issue.record("refused")
            return
        }
        reservation.join(other)
        #expect(Self.used(engine) == ["c": 1, "model:first/m": 0, "model:second/o": 1])
        // The next one finds the fallback's quota used up, and the consumer pays nothing for that.
        let next = engine.admit(nil, .init(route: nil, model: 1), facts: QuotaFacts(), now: Self.now)
        #expect(Self.isRefused(next, by: "model:second/o"))
        reservation.refund(now: Self.now)
        #expect(Self.used(engine) == ["c": 0, "model:first/m": 0, "model:second/o": 0])
    }

    @Test func whatIsKnownLateIsGuessedAndSettled() throws {
        let engine = try Self.engine(consumer: [Self.quota(.fact(.tokens), 100)])
        var facts = QuotaFacts()
        guard case .admitted(let first, _) = Self.admit(engine) else {
            Issue.record("refused")
            return
        }
        // Nothing is known of the model: one token is the least.
        #expect(Self.used(engine) == ["c": 1])
        facts.tokens = 40
        first.settle(facts, isSuccess: true, now: Self.now)
        #expect(Self.used(engine) == ["c": 40])
        // The next ones reserve what that one took.
        guard case .admitted(let second, _) = Self.admit(engine) else {
            Issue.record("refused")
            return
        }
        #expect(Self.used(engine) == ["c": 80])
        #expect(Self.isRefused(Self.admit(engine), by: "c"))
        facts.tokens = 90
        second.settle(facts, isSuccess: true, now: Self.now)
        // 130 of 100: 30 have to be earned back first, then what is reserved for one request.
        guard case .refused(let error, _) = Self.admit(engine) else {
            Issue.record("admitted in debt")
            return
        }
        let guess = 40.0 + 50.0 / 8
        #expect(error.retryAfterNanoseconds == UInt64((30 + guess.rounded(.up)) * 0.6e9))
    }

    @Test func aGuessNeverKeepsAQuotaFromEverAdmitting() throws {
        let engine = try Self.engine(consumer: [Self.quota(.fact(.tokens), 10)])
        guard case .admitted(let first, _) = Self.admit(engine) else {
            Issue.record("refused")
            return
        }
        var facts = QuotaFacts()
        facts.tokens = 5_000
        first.settle(facts, isSuccess: true, now: Self.now)
        let later = Self.now.advanced(byNanoseconds: 86_400_000_000_000)
        guard case .admitted = Self.admit(engine, at: later) else {
            Issue.record("refused although all is earned back")
            return
        }
    }

    @Test func costsAreExactToTheThousandth() throws {
        let engine = try Self.engine(consumer: [Self.quota(.cost, 10)], cost: "0.25 + elements / 3")
        var facts = QuotaFacts()
        facts.elements = 4
        guard case .admitted(let reservation, let status?) = Self.admit(engine, facts: facts) else {
            Issue.record("refused")
            return
        }
        // 1.58333… counts as 1.584.
        #expect(Self.used(engine) == ["c": 1.584])
        #expect(status.header == "\"c\";r=8;t=10")
        reservation.settle(facts, isSuccess: true, now: Self.now)
        #expect(Self.used(engine) == ["c": 1.584])
        facts.elements = 40
        guard case .refused(let error, _) = Self.admit(engine, facts: facts) else {
            Issue.record("admitted")
            return
        }
        #expect(
            error.message
                == "the request takes 13.584 of the quota \"c\" of 10 cost per minute, which never has more than 10")
        #expect(error.retryAfterNanoseconds == nil)
    }

    @Test func concurrentRequestsGiveTheirPlaceBackWhateverBecomesOfThem() throws {
        let engine = try Self.engine(consumer: [Self.quota(.concurrent, 2)])
        guard case .admitted(let one, _) = Self.admit(engine), case .admitted(let two, _) = Self.admit(engine) else {
            Issue.record("refused")
            return
        }
        #expect(Self.isRefused(Self.admit(engine), by: "c"))
        one.settle(QuotaFacts(), isSuccess: true, now: Self.now)
        two.refund(now: Self.now)
        #expect(Self.used(engine) == ["c": 0])
    }

    @Test func shadowsCountTellAndTurnNobodyAway() throws {
        let engine = try Self.engine(
            consumer: [Self.quota(.requests, 100)], global: [Self.quota(.requests, 1, mode: .shadow)])
        var kinds: [QuotaReservation.Event.Kind] = []
        for _ in 0..<3 {
            guard case .admitted(let reservation, let status?) = Self.admit(engine) else {
                Issue.record("refused")
                return
            }
            kinds += reservation.events.map(\.kind)
            #expect(status.policyHeader == "\"c\";q=100;w=60")
        }
        #expect(kinds == [.warning, .shadowRefusal, .shadowRefusal])
        // What it would have turned away it didn't count.
        #expect(Self.used(engine) == ["c": 3, "global/g": 1])
    }

    @Test func aReloadKeepsCountsOfAllThatIsCounted() throws {
        let before = try Self.engine(
            consumer: [Self.quota(.requests, 9)], model: [Self.quota(.requests, 3)], global: [Self.quota(.requests, 7)])
        guard case .admitted(let reservation, _) = Self.admit(before) else {
            Issue.record("refused")
            return
        }
        let after = try Self.engine(
            consumer: [Self.quota(.requests, 8)], model: [Self.quota(.requests, 3)], global: [Self.quota(.requests, 7)],
            previous: before)
        // Another quota is another count.
        #expect(Self.used(after) == ["c": 0, "model:first/m": 1, "global/g": 1])
        // Requests of the old revision give back to the counts that go on.
        reservation.refund(now: Self.now)
        #expect(Self.used(after) == ["c": 0, "model:first/m": 0, "global/g": 0])
    }

    // MARK: Shared counts

    private static func shared(
        _ ifDown: StoreConfiguration.Redis.IfDown, max: Int = 10
    ) throws -> (FakeSharedCount, PolicyEngine) {
        let count = FakeSharedCount(ifDown: ifDown, max: max, now: now.monotonic)
        let engine = try engine(
            consumer: [quota(.requests, max, store: "s")], model: [quota(.concurrent, 50)],
            stores: ["s": .sharing(count)])
        return (count, engine)
    }

    /// What becomes of a request that waits: a name, once it is decided.
    private static func decided(_ outcome: QuotaOutcome) -> NIOLockedValueBox<String> {
        let box = NIOLockedValueBox("")
        @Sendable func note(_ outcome: QuotaOutcome) {
            let text =
                switch outcome {
                case .admitted: "admitted"
                case .refused(let error, _): error.code.text
                case .waiting: "waiting"
                }
            box.withLockedValue { $0 += text }
        }
        if case .waiting(let wait) = outcome { wait.whenDone { note($0) } } else { note(outcome) }
        return box
    }

    @Test func aRequestWaitsForTheSharedCountAndTakesFromAllOrNone() throws {
        let (count, engine) = try Self.shared(.deny, max: 2)
        let first = Self.decided(Self.admit(engine))
        // Nothing is taken while it waits, of the other quota neither.
        #expect(first.withLockedValue { $0 } == "")
        #expect(Self.used(engine)["model:first/m"] == 0)
        #expect(count.answerAll(Self.now) == 1)
        #expect(first.withLockedValue { $0 } == "admitted")
        #expect(Self.used(engine)["model:first/m"] == 1)
        let second = Self.decided(Self.admit(engine))
        count.answerAll(Self.now)
        #expect(second.withLockedValue { $0 } == "admitted")
        let third = Self.decided(Self.admit(engine))
        count.answerAll(Self.now)
        #expect(third.withLockedValue { $0 } == "quota_exceeded")
        // The refusal is remembered: the next one needn't wait for it.
        #expect(Self.isRefused(Self.admit(engine), by: "c"))
        #expect(count.answerAll(Self.now) == 0)
        #expect(Self.used(engine)["model:first/m"] == 2)
    }

    @Test func manyThatWaitAreAnsweredByOneQuestion() throws {
        let (count, engine) = try Self.shared(.deny, max: 10)
        // The first question goes out; the others come up while it is under way.
        let waiting = (0..<12).map { _ in Self.decided(Self.admit(engine)) }
        #expect(count.answerAll(Self.now) <= 2)
        let ends = waiting.map { $0.withLockedValue { $0 } }
        #expect(ends.count { $0 == "admitted" } == 10)
        #expect(ends.count { $0 == "quota_exceeded" } == 2)
        #expect(count.remaining(Self.now) == 0)
    }

    @Test func aRefundIsGivenBackToEverybody() throws {
        let (count, engine) = try Self.shared(.deny, max: 4)
        let outcome = Self.admit(engine)
        count.answerAll(Self.now)
        guard case .waiting(let wait) = outcome else {
            Issue.record("it didn't wait")
            return
        }
        wait.whenDone { if case .admitted(let reservation, _) = $0 { reservation.refund(now: Self.now) } }
        #expect(count.remaining(Self.now) == 3)
        count.answerAll(Self.now)
        #expect(count.remaining(Self.now) == 4)
    }

    @Test func whoLeavesWhileItWaitsTakesNothing() throws {
        let (count, engine) = try Self.shared(.deny)
        guard case .waiting(let early) = Self.admit(engine) else {
            Issue.record("it didn't wait")
            return
        }
        early.cancel()
        count.answerAll(Self.now)
        early.whenDone { _ in Issue.record("it was decided all the same") }
        #expect(Self.used(engine)["model:first/m"] == 0)
        // One that was decided before anybody asked gives back what it took.
        guard case .admitted(let kept, _) = Self.admit(engine) else {
            Issue.record("the lease of the one that left is lost")
            return
        }
        kept.refund(now: Self.now)
    }

    @Test(arguments: StoreConfiguration.Redis.IfDown.allCases)
    func whatHoldsWithoutAnAnswerIsWhatTheFileSays(ifDown: StoreConfiguration.Redis.IfDown) throws {
        let (count, engine) = try Self.shared(ifDown, max: 2)
        count.isDown = true
        let ends = (0..<3).map { _ in Self.decided(Self.admit(engine)).withLockedValue { $0 } }
        switch ifDown {
        case .local: #expect(ends == ["admitted", "admitted", "quota_exceeded"])
        case .deny: #expect(ends == Array(repeating: "quota_unavailable", count: 3))
        case .allow: #expect(ends == Array(repeating: "admitted", count: 3))
        }
    }

    @Test(arguments: StoreConfiguration.Redis.IfDown.allCases)
    func whoWaitsTooLongGoesByTheSame(ifDown: StoreConfiguration.Redis.IfDown) throws {
        let (count, engine) = try Self.shared(ifDown, max: 2)
        let slow = Self.decided(Self.admit(engine))
        #expect(slow.withLockedValue { $0 } == "")
        count.expireAll()
        #expect(slow.withLockedValue { $0 } == (ifDown == .deny ? "quota_unavailable" : "admitted"))
        // The answer that comes late is a lease for the next one.
        count.answerAll(Self.now)
        guard case .admitted = Self.admit(engine) else {
            Issue.record("the late answer is lost")
            return
        }
        #expect(slow.withLockedValue { $0 } == (ifDown == .deny ? "quota_unavailable" : "admitted"))
    }
}
