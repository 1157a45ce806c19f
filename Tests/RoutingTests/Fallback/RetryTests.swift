import Configuration
import Routing
import Tensors
import Testing

@Suite struct RetryBudgetTests {
    @Test func aShareOfTheRequestsThatNeedNoneIsEarned() {
        let budget = RetryBudget(percent: 10, burst: 3)
        for _ in 0..<3 { #expect(budget.take()) }
        #expect(!budget.take())
        for _ in 0..<9 { budget.earn() }
        #expect(!budget.take())
        budget.earn()
        #expect(budget.take() && !budget.take())
    }

    @Test func noMoreIsSavedUpThanSaid() {
        let budget = RetryBudget(percent: 100, burst: 2)
        for _ in 0..<1_000 { budget.earn() }
        #expect(budget.left == 2)
    }

    @Test func threadsTogetherTakeNoMoreThanThereIs() async {
        let budget = RetryBudget(percent: 7, burst: 50)
        let taken = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    (0..<1_000).reduce(0) { taken, turn in
                        if turn % 4 == 0 { budget.earn() }
                        return taken + (budget.take() ? 1 : 0)
                    }
                }
            }
            return await group.reduce(0, +)
        }
        #expect(taken * 100 <= 50 * 100 + 8 * 250 * 7)
        #expect(taken + budget.left >= 50)
    }
}

@Suite struct RetryTests {
    private static func at(_ milliseconds: UInt64) -> MonotonicTime {
        MonotonicTime(nanoseconds: milliseconds * 1_000_000)
    }

    private static func compiled(
        fallback: [(Set<RouteConfiguration.FallbackCondition>, String)] = [], timeouts: [String: Duration] = [:],
        deadline: Duration = .seconds(5), previous: RouteTable? = nil,
        _ change: (inout RetryConfiguration) -> Void = { _ in }
    ) throws -> (RouteTable, Route) {
        var retry = RetryConfiguration()
        change(&retry)
        let table = RouteTable(
            configuration(
                [route("r", model: "m", to: [("a", 1)], fallback: fallback, deadline: deadline, retry: retry)],
                timeouts: timeouts), previous: previous)
        return (table, try table.match(model: "m", contentType: nil))
    }

    private static func failure(_ code: SluiceError.Code, retryAfter: UInt64? = nil) -> SluiceError {
        SluiceError(code, "because", retryAfterNanoseconds: retryAfter.map { $0 * 1_000_000 })
    }

    /// Models that were asked, with the waits before.
    private static func walk(
        _ attempts: inout Attempts, failingBy codes: [SluiceError.Code], isRepeatable: Bool = true,
        chance: Double = 0.5
    ) -> [String] {
        var seen = [attempts.current.model.name]
        for code in codes {
            let step = attempts.next(
                after: failure(code), isRepeatable: isRepeatable, now: at(0), chance: { chance })
            switch step {
            case .attempt(let attempt): seen.append(attempt.model.name)
            case .retry(let attempt, let wait): seen.append("\(attempt.model.name)+\(wait / 1_000_000)")
            case .stale, .answer: Issue.record("no such rung")
            case .giveUp(let error):
                seen.append(error.code.text)
                return seen
            }
        }
        return seen
    }

    @Test func theSameModelComesBeforeTheNext() throws {
        let (_, route) = try Self.compiled(fallback: [([.any], "b")]) { $0.attempts = 3 }
        var attempts = Attempts(route: route, start: Self.at(0), now: Self.at(0))
        #expect(
            Self.walk(&attempts, failingBy: Array(repeating: .modelFailed, count: 6))
                == ["a", "a+10", "a+20", "b", "b+10", "b+20", "model_failed"])
        #expect(attempts.failures.map(\.model) == ["a", "a", "a", "b", "b", "b"])
    }

    @Test(arguments: [
        (SluiceError.Code.modelFailed, true), (.modelBrokeContract, true), (.overloaded, true),
        (.modelUnavailable, true),
        (.deadlineExceeded, false), (.modelRejectedInput, false), (.invalidInput, false), (.cancelled, false),
        (.shuttingDown, false), (.quotaExceeded, false),
    ])
    func onlyWhatMayHelpIsDone(code: SluiceError.Code, isRetried: Bool) throws {
        let (_, route) = try Self.compiled()
        var attempts = Attempts(route: route, start: Self.at(0), now: Self.at(0))
        #expect(Self.walk(&attempts, failingBy: [code]) == ["a", isRetried ? "a+10" : code.text])
    }

    @Test func whatMustNotBeRepeatedGoesOn() throws {
        let (_, route) = try Self.compiled(fallback: [([.any], "b")])
        var attempts = Attempts(route: route, start: Self.at(0), now: Self.at(0))
        #expect(Self.walk(&attempts, failingBy: [.modelFailed], isRepeatable: false) == ["a", "b"])
        // Nor does an open breaker change its mind.
        attempts = Attempts(route: route, start: Self.at(0), now: Self.at(0))
        guard
            case .attempt(let next) = attempts.next(
                after: Self.failure(.modelUnavailable), opening: .modelFailed, isRepeatable: true, now: Self.at(0))
        else {
            Issue.record("not passed on")
            return
        }
        #expect(next.model.name == "b")
        #expect(route.retry?.budget.left == 10)
    }

    @Test(arguments: [(0.0, "a+0"), (0.25, "a+5"), (0.999, "a+19")])
    func anyWaitUpToTheBackoffIsPossible(chance: Double, second: String) throws {
        let (_, route) = try Self.compiled()
        var attempts = Attempts(route: route, start: Self.at(0), now: Self.at(0))
        #expect(Self.walk(&attempts, failingBy: [.modelFailed], chance: chance) == ["a", second])
    }

    @Test func noWaitIsLongerThanTheLongest() throws {
        let (_, route) = try Self.compiled {
            ($0.attempts, $0.backoff, $0.longest) = (5, .milliseconds(100), .milliseconds(250))
        }
        var attempts = Attempts(route: route, start: Self.at(0), now: Self.at(0))
        #expect(
            Self.walk(&attempts, failingBy: Array(repeating: .modelFailed, count: 5), chance: 0.99)
                == ["a", "a+99", "a+198", "a+247", "a+247", "model_failed"])
    }

    @Test func aModelThatAsksForPatienceGetsItOrIsLeftAlone() throws {
        let (_, route) = try Self.compiled(fallback: [([.any], "b")])
        var attempts = Attempts(route: route, start: Self.at(0), now: Self.at(0))
        let patient = attempts.next(
            after: Self.failure(.overloaded, retryAfter: 600), isRepeatable: true, now: Self.at(0))
        guard case .retry(let again, 600_000_000) = patient else {
            Issue.record("\(patient)")
            return
        }
        #expect(again.deadline == Self.at(5_000))
        attempts = Attempts(route: route, start: Self.at(0), now: Self.at(0))
        guard
            case .attempt = attempts.next(
                after: Self.failure(.overloaded, retryAfter: 1_001), isRepeatable: true, now: Self.at(0))
        else {
            Issue.record("waited longer than the longest")
            return
        }
    }

    @Test func noRetryBeginsPastTheDeadline() throws {
        let (_, route) = try Self.compiled(timeouts: ["a": .milliseconds(100)])
        var attempts = Attempts(route: route, start: Self.at(0), now: Self.at(0))
        let early = attempts.next(
            after: Self.failure(.modelFailed), isRepeatable: true, now: Self.at(4_000), chance: { 0.5 })
        guard case .retry(let again, _) = early else {
            Issue.record("\(early)")
            return
        }
        #expect(again.deadline == Self.at(4_110), "its timeout counts from when it begins")
        attempts = Attempts(route: route, start: Self.at(0), now: Self.at(0))
        guard
            case .giveUp = attempts.next(
                after: Self.failure(.modelFailed), isRepeatable: true, now: Self.at(4_995), chance: { 0.5 })
        else {
            Issue.record("it would begin at the deadline")
            return
        }
        #expect(route.retry?.budget.left == 9)
    }

    @Test func aReloadDoesNotFillTheBudget() throws {
        let (table, route) = try Self.compiled()
        while route.retry?.budget.take() == true {}
        #expect(try Self.compiled(previous: table).1.retry?.budget.left == 0)
        #expect(try Self.compiled(previous: table, { $0.burst = 5 }).1.retry?.budget.left == 5)
    }

    // MARK: Outages, simulated

    /// One request to a route of which the models in `down` fail; the models that were asked.
    private static func request(
        _ route: Route, down: Set<String>, now: inout UInt64, breakers: inout [String: CircuitBreaker],
        random: inout SplitMix
    ) -> [String] {
        var asked: [String] = []
        var attempts = Attempts(route: route, start: at(now), now: at(now))
        while true {
            let model = attempts.current.model.name
            var (failure, opening) = (SluiceError?.none, SluiceError.Code?.none)
            let admission = breakers[model]?.admit(now: at(now))
            if case .refuse = admission {
                (failure, opening) = (Self.failure(.modelUnavailable), breakers[model]?.reason)
            } else {
                asked.append(model)
                if down.contains(model) { failure = Self.failure(.modelFailed) }
                if case .pass(let pass) = admission {
                    _ = breakers[model]?.ended(pass, .init(failure?.code, isCutShort: false), now: at(now))
                }
            }
            guard let failure else {
                if attempts.failures.isEmpty { route.retry?.budget.earn() }
                return asked
            }
            let chance = Double.random(in: 0..<1, using: &random)
            switch attempts.next(after: failure, opening: opening, isRepeatable: true, now: at(now), chance: { chance })
            {
            case .attempt: break
            case .retry(_, let wait): now += wait / 1_000_000
            case .stale, .answer, .giveUp: return asked
            }
        }
    }

    /// The acceptance: with the default budget a full outage brings the model at most 1.1 tries a request, from the very
    /// start of the gateway and after any time in which all went well.
    @Test(arguments: [0, 50, 10_000], [100, 1_000, 20_000])
    func inAFullOutageThereAreAtMostElevenTriesForTenRequests(before: Int, requests: Int) throws {
        let (_, route) = try Self.compiled { $0.attempts = 5 }
        var (now, random, breakers) = (UInt64(0), SplitMix(seed: 3), [String: CircuitBreaker]())
        for _ in 0..<before {
            #expect(Self.request(route, down: [], now: &now, breakers: &breakers, random: &random) == ["a"])
        }
        var tries = 0
        for _ in 0..<requests {
            tries += Self.request(route, down: ["a"], now: &now, breakers: &breakers, random: &random).count
        }
        #expect(tries > requests, "it did retry")
        #expect(Double(tries) <= 1.1 * Double(requests), "\(tries) tries for \(requests) requests")
    }

    /// With a breaker and a fallback all tries together stay within it too.
    @Test func withABreakerTheWholeChainStaysWithinIt() throws {
        let (_, route) = try Self.compiled(fallback: [([.serverError], "b")])
        var (now, random) = (UInt64(3_600_000), SplitMix(seed: 5))
        var breakers = ["a": CircuitBreaker(BreakerConfiguration(), seed: 1)]
        var tries = 0
        for _ in 0..<10_000 {
            let asked = Self.request(route, down: ["a"], now: &now, breakers: &breakers, random: &random)
            #expect(asked.last == "b")
            tries += asked.count
            now += 10
        }
        #expect(Double(tries) <= 1.1 * 10_000, "\(tries)")
    }

    /// While some requests fail, retries are no more than the share, and most failures are saved.
    @Test func ofAFewFailuresMostAreSaved() throws {
        let (_, route) = try Self.compiled()
        var (now, random, breakers) = (UInt64(0), SplitMix(seed: 9), [String: CircuitBreaker]())
        var (tries, lost) = (0, 0)
        for _ in 0..<10_000 {
            // The second try meets better luck.
            let isUnlucky = Int.random(in: 0..<20, using: &random) == 0
            var attempts = Attempts(route: route, start: Self.at(now), now: Self.at(now))
            tries += 1
            guard isUnlucky else {
                route.retry?.budget.earn()
                continue
            }
            switch attempts.next(after: Self.failure(.modelFailed), isRepeatable: true, now: Self.at(now)) {
            case .retry: tries += 1
            case .attempt, .stale, .answer, .giveUp: lost += 1
            }
            now += 1
        }
        breakers.removeAll()
        #expect(tries <= 11_000 && lost == 0, "\(tries) tries, \(lost) lost")
    }

    /// Random chains, failures and times: no model more often than allowed, nothing past the deadline, no wait longer than
    /// the longest, no more retries than were earned.
    @Test(arguments: 0..<60 as Range<UInt64>) func holdsWhateverComes(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        let conditions = RouteConfiguration.FallbackCondition.allCases
        func someConditions() -> Set<RouteConfiguration.FallbackCondition> {
            Set(
                conditions.filter { _ in Bool.random(using: &random) } + [
                    conditions[Int.random(in: 0..<conditions.count, using: &random)]
                ])
        }
        let rungs = ["b", "c", "d"].prefix(Int.random(in: 0...3, using: &random)).map { (someConditions(), $0) }
        let when = someConditions()
        let (most, burst) = (Int.random(in: 2...5, using: &random), Int.random(in: 1...20, using: &random))
        let longest = UInt64.random(in: 1...200, using: &random)
        let (_, route) = try Self.compiled(fallback: rungs, deadline: .milliseconds(500)) {
            ($0.attempts, $0.burst, $0.when) = (most, burst, when)
            ($0.backoff, $0.longest) = (
                .milliseconds(Int64(longest / 3 + 1)), .milliseconds(Int64(longest / 3 + 1 + longest))
            )
        }
        var (earned, retries) = (burst * 100, 0)
        for _ in 0..<400 {
            var now: UInt64 = 0
            var attempts = Attempts(route: route, start: Self.at(0), now: Self.at(0))
            var counts = [attempts.current.model.name: 1]
            var last = attempts.current
            walk: while true {
                if Int.random(in: 0..<3, using: &random) == 0 {
                    if attempts.failures.isEmpty {
                        route.retry?.budget.earn()
                        earned = min(earned + 10, burst * 100 + retries * 100)
                    }
                    break
                }
                now += UInt64.random(in: 0...120, using: &random)
                let code = try #require(SluiceError.Code.all.randomElement(using: &random))
                let chance = Double.random(in: 0..<1, using: &random)
                switch attempts.next(
                    after: Self.failure(code), isRepeatable: true, now: Self.at(now), chance: { chance })
                {
                case .attempt(let next):
                    #expect(next.model.name != last.model.name && (next.rung ?? -1) > (last.rung ?? -1))
                    last = next
                case .retry(let next, let wait):
                    #expect(next.model == last.model && next.rung == last.rung)
                    #expect(wait <= (longest / 3 + 1 + longest) * 1_000_000)
                    now += wait / 1_000_000
                    retries += 1
                    last = next
                case .stale, .answer, .giveUp: break walk
                }
                counts[last.model.name, default: 0] += 1
                #expect(now < 500 && last.deadline <= Self.at(500))
            }
            #expect(counts.values.allSatisfy { $0 <= most })
        }
        #expect(retries * 100 <= earned, "\(retries) retries, \(earned) hundredths earned")
    }
}
