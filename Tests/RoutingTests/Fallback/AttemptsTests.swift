import Configuration
import Routing
import Tensors
import Testing

@Suite struct FallbackConditionTests {
    /// For each code: the conditions that take it for theirs.
    static let table: [(code: SluiceError.Code, conditions: Set<RouteConfiguration.FallbackCondition>)] =
        SluiceError.Code.all.map { code in
            switch code {
            case .overloaded: (code, [.serverError, .overloaded, .any])
            case .modelUnavailable: (code, [.serverError, .failed, .overloaded, .any])
            case .tooManyRequests: (code, [.overloaded])
            case .quotaExceeded: (code, [.quota])
            case .deadlineExceeded: (code, [.serverError, .timeout, .any])
            case .quotaUnavailable: (code, [.serverError, .any])
            case .modelFailed, .modelUnimplemented, .modelBrokeContract, .pluginCrashed, .internalError:
                (code, [.serverError, .failed, .any])
            case .modelRejectedInput: (code, [.any])
            default: (code, [])
            }
        }

    @Test(arguments: table) func takesJustItsKindOfFailure(
        row: (code: SluiceError.Code, conditions: Set<RouteConfiguration.FallbackCondition>)
    ) {
        for condition in RouteConfiguration.FallbackCondition.allCases {
            #expect(
                condition.matches(row.code) == row.conditions.contains(condition), "\(condition) \(row.code.text)")
        }
    }
}

@Suite struct AttemptsTests {
    private static func at(_ milliseconds: UInt64) -> MonotonicTime {
        MonotonicTime(nanoseconds: milliseconds * 1_000_000)
    }

    private static func compiled(
        to targets: [(String, Int)] = [("a", 1)],
        fallback: [(Set<RouteConfiguration.FallbackCondition>, String)], timeouts: [String: Duration] = [:]
    ) throws -> Route {
        let table = RouteTable(
            configuration(
                [route("r", model: "m", to: targets, fallback: fallback, deadline: .seconds(5))], timeouts: timeouts))
        return try table.match(model: "m", contentType: nil)
    }

    private static func failure(_ code: SluiceError.Code) -> SluiceError { SluiceError(code, "because") }

    @Test func startsWithTheTargetAndTheRoutesDeadline() throws {
        let attempts = try Attempts(route: Self.compiled(fallback: []), start: Self.at(100), now: Self.at(150))
        #expect(attempts.current.model.name == "a")
        #expect(attempts.current.deadline == Self.at(5_100))
        #expect(attempts.current.rung == nil)
        #expect(!attempts.isFallback)
        #expect(attempts.failures.isEmpty)
    }

    @Test func callersOwnTimeoutOnlyShortens() throws {
        var attempts = try Attempts(route: Self.compiled(fallback: []), start: Self.at(100), now: Self.at(100))
        attempts.shorten(to: Self.at(9_000))
        #expect(attempts.deadline == Self.at(5_100))
        attempts.shorten(to: Self.at(300))
        #expect(attempts.deadline == Self.at(300))
        #expect(attempts.current.deadline == Self.at(300))
        guard case .giveUp(let error) = attempts.next(after: Self.failure(.modelFailed), now: Self.at(301)) else {
            Issue.record("expected to give up")
            return
        }
        #expect(error.code == .deadlineExceeded)
    }

    @Test func targetsTakeTurnsByWeight() throws {
        let route = try Self.compiled(to: [("a", 3), ("b", 1)], fallback: [])
        let names = (0..<8).map { _ in Attempts(route: route, start: Self.at(0), now: Self.at(0)).current.model.name }
        #expect(names.count { $0 == "b" } == 2)
    }

    @Test func takesTheFirstRungWhoseConditionHolds() throws {
        var attempts = try Attempts(
            route: Self.compiled(fallback: [([.timeout], "b"), ([.overloaded, .timeout], "c"), ([.any], "d")]),
            start: Self.at(0), now: Self.at(0))
        guard case .attempt(let second) = attempts.next(after: Self.failure(.overloaded), now: Self.at(10)) else {
            Issue.record("gave up")
            return
        }
        #expect(second.model.name == "c")
        #expect(second.rung == 1)
        #expect(attempts.current == second)
        #expect(attempts.isFallback)
        // Rungs that were passed over stay so: the ladder only goes down.
        guard case .attempt(let third) = attempts.next(after: Self.failure(.deadlineExceeded), now: Self.at(20)) else {
            Issue.record("gave up")
            return
        }
        #expect(third.model.name == "d")
        guard case .giveUp(let error) = attempts.next(after: Self.failure(.modelFailed), now: Self.at(30)) else {
            Issue.record("went on below the last rung")
            return
        }
        #expect(error.code == .modelFailed)
        #expect(error.message == "because")
        #expect(attempts.summary == "a (overloaded), c (deadline_exceeded), d (model_failed)")
        #expect(attempts.failures.map(\.model) == ["a", "c", "d"])
    }

    @Test(arguments: [SluiceError.Code.invalidInput, .cancelled, .quotaExceeded, .forbidden, .shuttingDown])
    func theCallersOwnFailuresAreNeverTriedAgain(code: SluiceError.Code) throws {
        var attempts = try Attempts(
            route: Self.compiled(fallback: [([.serverError, .timeout, .overloaded, .any], "b")]), start: Self.at(0),
            now: Self.at(0))
        guard case .giveUp(let error) = attempts.next(after: Self.failure(code), now: Self.at(1)) else {
            Issue.record("tried again")
            return
        }
        #expect(error.code == code)
    }

    @Test func aModelThatFailedIsNotTriedTwice() throws {
        var attempts = try Attempts(
            route: Self.compiled(fallback: [([.any], "a"), ([.any], "b"), ([.any], "b"), ([.any], "c")]),
            start: Self.at(0), now: Self.at(0))
        var tried = [attempts.current.model.name]
        while case .attempt(let attempt) = attempts.next(after: Self.failure(.modelFailed), now: Self.at(1)) {
            tried.append(attempt.model.name)
        }
        #expect(tried == ["a", "b", "c"])
    }

    @Test func anAttemptEndsWithTheModelsTimeoutOrTheRequestsDeadline() throws {
        var attempts = try Attempts(
            route: Self.compiled(
                fallback: [([.any], "b"), ([.any], "c")],
                timeouts: ["a": .seconds(2), "b": .seconds(4), "c": .seconds(4)]), start: Self.at(0), now: Self.at(500))
        #expect(attempts.current.deadline == Self.at(2_500))
        guard case .attempt(let second) = attempts.next(after: Self.failure(.modelFailed), now: Self.at(600)),
            case .attempt(let third) = attempts.next(after: Self.failure(.modelFailed), now: Self.at(3_000))
        else {
            Issue.record("gave up")
            return
        }
        #expect(second.deadline == Self.at(4_600))
        #expect(third.deadline == Self.at(5_000))
    }

    @Test func pastTheDeadlineNothingIsTried() throws {
        for now in [5_000, 6_000] as [UInt64] {
            var attempts = try Attempts(
                route: Self.compiled(fallback: [([.any], "b")]), start: Self.at(0), now: Self.at(0))
            guard case .giveUp(let error) = attempts.next(after: Self.failure(.modelFailed), now: Self.at(now)) else {
                Issue.record("tried again")
                return
            }
            #expect(error.code == .deadlineExceeded)
            #expect(error.message == "the request's time ran out; tried a (model_failed)")
            #expect((error.cause as? SluiceError)?.code == .modelFailed)
        }
    }

    @Test(arguments: [SluiceError.Code.cancelled, .invalidInput, .modelRejectedInput])
    func whatTheCallerDidWrongStaysTheAnswerPastTheDeadline(code: SluiceError.Code) throws {
        var attempts = try Attempts(route: Self.compiled(fallback: []), start: Self.at(0), now: Self.at(0))
        guard case .giveUp(let error) = attempts.next(after: Self.failure(code), now: Self.at(9_000)) else {
            Issue.record("tried again")
            return
        }
        #expect(error.code == code)
        #expect(error.message == "because")
    }

    @Test func theCallersDeadlineCountsWhereItIsEarlier() throws {
        let route = try Self.compiled(fallback: [])
        #expect(
            Attempts(route: route, start: Self.at(0), latest: Self.at(100), now: Self.at(0)).deadline == Self.at(100))
        #expect(
            Attempts(route: route, start: Self.at(0), latest: Self.at(9_000), now: Self.at(0)).deadline
                == Self.at(5_000))
    }

    /// A model whose breaker is open leads where its failures led, and to rungs that ask for just that.
    @Test(arguments: [
        (RouteConfiguration.FallbackCondition.breakerOpen, SluiceError.Code.modelFailed, true),
        (.breakerOpen, .modelUnavailable, true), (.serverError, .modelFailed, true), (.any, .deadlineExceeded, true),
        (.overloaded, .modelFailed, true), (.timeout, .deadlineExceeded, true), (.timeout, .modelFailed, false),
    ])
    func anOpenBreakerLeadsOn(
        condition: RouteConfiguration.FallbackCondition, opening: SluiceError.Code, leadsOn: Bool
    ) throws {
        var attempts = try Attempts(
            route: Self.compiled(fallback: [([condition], "b")]), start: Self.at(0), now: Self.at(0))
        switch attempts.next(after: Self.failure(.modelUnavailable), opening: opening, now: Self.at(0)) {
        case .attempt(let attempt): #expect(leadsOn && attempt.model.name == "b")
        case .giveUp(let error): #expect(!leadsOn && error.code == .modelUnavailable)
        case .retry, .stale, .answer: Issue.record("went elsewhere")
        }
    }

    /// Who gives an attempt less time than the file does can't say that the model was too slow.
    @Test func anAttemptKnowsWhetherItsTimeWasCutShort() throws {
        let route = try Self.compiled(
            fallback: [([.any], "b"), ([.any], "c")], timeouts: ["a": .seconds(2), "b": .seconds(2)])
        var attempts = Attempts(route: route, start: Self.at(0), now: Self.at(0))
        #expect(!attempts.current.isCutShort)
        attempts.shorten(to: Self.at(3_000))
        #expect(!attempts.current.isCutShort)
        attempts.shorten(to: Self.at(1_999))
        #expect(attempts.current.isCutShort)

        attempts = Attempts(route: route, start: Self.at(0), now: Self.at(0))
        _ = attempts.next(after: Self.failure(.modelFailed), now: Self.at(2_900))
        #expect(!attempts.current.isCutShort)
        _ = attempts.next(after: Self.failure(.modelFailed), now: Self.at(2_950))
        #expect(attempts.current.isCutShort, "it has what the others left it")

        let whole = try Self.compiled(fallback: [])
        #expect(!Attempts(route: whole, start: Self.at(0), now: Self.at(0)).current.isCutShort)
        #expect(Attempts(route: whole, start: Self.at(0), latest: Self.at(10), now: Self.at(0)).current.isCutShort)
        let slow = try Self.compiled(fallback: [], timeouts: ["a": .seconds(60)])
        #expect(!Attempts(route: slow, start: Self.at(0), now: Self.at(0)).current.isCutShort)
    }
}

/// Rungs that ask no model, and those that no failure leads to.
@Suite struct RungTests {
    private static func at(_ milliseconds: UInt64) -> MonotonicTime {
        MonotonicTime(nanoseconds: milliseconds * 1_000_000)
    }

    private static func attempts(_ rungs: [RouteConfiguration.Rung]) throws -> Attempts {
        let table = RouteTable(
            configuration([route("r", model: "m", to: [("a", 1)], deadline: .seconds(5), rungs: rungs)]))
        return Attempts(route: try table.match(model: "m", contentType: nil), start: at(0), now: at(0))
    }

    private static func rung(
        _ when: Set<RouteConfiguration.FallbackCondition>, _ action: RouteConfiguration.Rung.Action,
        below: Double? = nil
    ) -> RouteConfiguration.Rung {
        var rung = RouteConfiguration.Rung(when: when, action: action, location: somewhere)
        rung.lowConfidence = below.map { .init(output: "p", below: $0) }
        return rung
    }

    /// A step in a word.
    private static func word(_ step: Attempts.Step?) -> String {
        switch step {
        case .attempt(let attempt): attempt.model.name
        case .retry(let attempt, _): "again \(attempt.model.name)"
        case .stale(let rung, let age): "stale \(rung) \(age / 1_000_000_000)s"
        case .answer(let rung): "answer \(rung)"
        case .giveUp(let error): error.code.text
        case nil: "give it"
        }
    }

    private static func failure(_ code: SluiceError.Code) -> SluiceError { SluiceError(code, "because") }

    @Test func whereNothingIsKeptTheSameFailureLeadsOn() throws {
        var attempts = try Self.attempts([
            Self.rung([.failed], .stale(.seconds(60))), Self.rung([.timeout], .model("b")),
            Self.rung([.serverError], .model("c")),
        ])
        #expect(Self.word(attempts.next(after: Self.failure(.modelFailed), now: Self.at(1))) == "stale 0 60s")
        #expect(Self.word(attempts.nextAfterNothingKept(now: Self.at(1))) == "c")
        #expect(attempts.failures.map(\.reason) == ["model_failed"])
        #expect(Self.word(attempts.next(after: Self.failure(.modelFailed), now: Self.at(1))) == "model_failed")
    }

    @Test func pastTheDeadlineOnlyWhatNeedsNoTimeIsGiven() throws {
        var attempts = try Self.attempts([
            Self.rung([.any], .model("b")), Self.rung([.any], .stale(.seconds(1))), Self.rung([.any], .answer([])),
        ])
        #expect(Self.word(attempts.next(after: Self.failure(.deadlineExceeded), now: Self.at(5_000))) == "stale 1 1s")
        #expect(Self.word(attempts.nextAfterNothingKept(now: Self.at(5_000))) == "answer 2")
        attempts.stand(on: 2)
        #expect(attempts.isFallback && attempts.current.rung == 2)
        #expect(Self.word(attempts.nextAfterNothingKept(now: Self.at(5_000))) == "deadline_exceeded")
    }

    @Test func anUnsureAnswerLeadsToTheFirstRungWithAHigherBound() throws {
        let rungs = [
            Self.rung([.any], .model("b")), Self.rung([], .model("c"), below: 0.3),
            Self.rung([], .model("d"), below: 0.6),
        ]
        for (score, next) in [(0.2, "c"), (0.3, "d"), (0.59, "d"), (0.6, "give it")] {
            var attempts = try Self.attempts(rungs)
            #expect(Self.word(attempts.next(afterAnswer: { score < $0.below }, now: Self.at(1))) == next)
            #expect(attempts.failures.map(\.reason) == (next == "give it" ? [] : ["low_confidence"]))
        }
        // Rungs above stay passed over, and no model is asked past the deadline.
        var attempts = try Self.attempts(rungs)
        #expect(Self.word(attempts.next(afterAnswer: { 0.2 < $0.below }, now: Self.at(1))) == "c")
        #expect(Self.word(attempts.next(after: Self.failure(.modelFailed), now: Self.at(2))) == "model_failed")
        attempts = try Self.attempts(rungs)
        #expect(Self.word(attempts.next(afterAnswer: { _ in true }, now: Self.at(5_000))) == "give it")
        #expect(Self.word(attempts.next(after: Self.failure(.modelFailed), now: Self.at(1))) == "b")
    }

    @Test func goingBackIsToTheAttemptThatAnswered() throws {
        var attempts = try Self.attempts([Self.rung([], .model("b"), below: 1)])
        let first = attempts.current
        _ = attempts.next(afterAnswer: { _ in true }, now: Self.at(1))
        _ = attempts.next(after: Self.failure(.modelFailed), now: Self.at(2))
        #expect(attempts.current.model.name == "b")
        attempts.goBack(to: first)
        #expect(attempts.current == first && !attempts.isFallback)
    }
}
