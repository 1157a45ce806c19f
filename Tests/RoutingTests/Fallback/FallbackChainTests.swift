import Configuration
import Routing
import Tensors
import Testing

/// What is proved of chains, compared with what the machine that walks them does.
@Suite struct FallbackChainTests {
    /// Codes that stand for each kind of failure.
    private static let codes: [(FallbackChain.Failure, [SluiceError.Code])] = [
        (.failed, [.modelFailed, .modelUnimplemented, .modelBrokeContract, .pluginCrashed, .internalError]),
        (.unavailable, [.modelUnavailable]), (.overloaded, [.overloaded]), (.busy, [.tooManyRequests]),
        (.timeout, [.deadlineExceeded]), (.rejected, [.modelRejectedInput]), (.quota, [.quotaExceeded]),
        (.quotaUnknown, [.quotaUnavailable]),
    ]

    @Test func conditionsMeanTheSameInAProofAndWhenItHappens() {
        #expect(Set(Self.codes.map(\.0)) == Set(FallbackChain.Failure.allCases))
        for condition in RouteConfiguration.FallbackCondition.allCases {
            for (failure, codes) in Self.codes {
                for code in codes {
                    #expect(condition.covers(failure) == condition.matches(code), "\(condition) \(code.text)")
                    #expect(
                        condition.covers(failure, isRefused: true)
                            == condition.matches(.modelUnavailable, opening: code),
                        "\(condition), opened by \(code.text)")
                }
            }
        }
    }

    // MARK: Generated chains

    /// A chain by chance, with all that the proof looks at.
    private struct Chain {
        var route: RouteConfiguration
        var models: [String: ModelConfiguration] = [:]

        init(_ random: inout SplitMix) {
            let conditions = RouteConfiguration.FallbackCondition.allCases
            var rungs: [RouteConfiguration.Rung] = []
            for index in 0..<Int.random(in: 0...6, using: &random) {
                let action: RouteConfiguration.Rung.Action =
                    switch Int.random(in: 0..<6, using: &random) {
                    case 0: .answer([])
                    case 1: .stale(.seconds(60))
                    default: .model("r\(index)")
                    }
                let chance = Int.random(in: 1...4, using: &random)
                let when = conditions.filter { _ in Int.random(in: 0..<4, using: &random) < chance }
                var rung = RouteConfiguration.Rung(when: Set(when), action: action, location: somewhere)
                if case .stale = action {
                } else if Int.random(in: 0..<4, using: &random) == 0 {
                    rung.lowConfidence = .init(
                        output: ["p", "q"].randomElement(using: &random) ?? "p",
                        below: [0.25, 0.5, 0.75].randomElement(using: &random) ?? 0.5)
                }
                rungs.append(rung)
            }
            var retry: RetryConfiguration?
            if Bool.random(using: &random) {
                var some = RetryConfiguration()
                some.attempts = Int.random(in: 2...4, using: &random)
                some.longest = .milliseconds(Int64.random(in: 20...100, using: &random))
                some.burst = 100_000_000
                retry = some
            }
            let targets = Bool.random(using: &random) ? [("a", 1)] : [("a", 1), ("b", 1)]
            route = RoutingTests.route(
                "r", model: "m", to: targets, deadline: .seconds(3_600), retry: retry, rungs: rungs)
            for name in targets.map(\.0) + rungs.compactMap(\.model) {
                var model = ModelConfiguration(name: name, plugin: "p", config: .null, location: somewhere)
                if Bool.random(using: &random) { model.breaker = BreakerConfiguration() }
                if Bool.random(using: &random) { model.limits = ["l"] }
                if Bool.random(using: &random) {
                    model.timeout = .milliseconds(Int64.random(in: 1...1_000, using: &random))
                }
                models[name] = model
            }
        }
    }

    /// Walks every way that there is, and remembers what it finds.
    private struct Walker {
        let chain: Chain
        var reached: Set<Int> = []
        /// By rung and how often its model was asked before: the most tries from there on.
        private var known: [Place: Int] = [:]

        private struct Place: Hashable {
            var model: String
            var tries: Int
        }

        init(_ chain: Chain) { self.chain = chain }

        private static let now = MonotonicTime(nanoseconds: 0)

        mutating func mostTries() throws -> Int {
            var configuration = RoutingTests.configuration([chain.route])
            for index in configuration.models.indices {
                configuration.models[index].timeout = chain.models[configuration.models[index].name]?.timeout
            }
            let route = try RouteTable(configuration).match(model: "m", contentType: nil)
            // The split gives each target its turn.
            return route.targets.map { _ in
                visit(Attempts(route: route, start: Self.now, now: Self.now), tries: 0)
            }.max() ?? 0
        }

        /// - Parameter tries: how often the present model was asked before.
        private mutating func visit(_ attempts: Attempts, tries: Int) -> Int {
            let place = Place(model: attempts.current.model.name, tries: tries)
            if let most = known[place] { return most }
            guard let model = chain.models[place.model] else { return 0 }
            // It answers, or says so and nothing leads on.
            var most = 1
            for (failure, codes) in FallbackChainTests.codes {
                for code in codes {
                    let error = SluiceError(code, "because")
                    if failure == .quota || failure == .quotaUnknown {
                        // Limits are asked before the first try only.
                        guard !model.limits.isEmpty, tries == 0 else { continue }
                        most = max(
                            most, follow(attempts, tries: tries, asked: 0) { $0.next(after: error, now: Self.now) })
                        continue
                    }
                    most = max(
                        most,
                        follow(attempts, tries: tries, asked: 1) {
                            $0.next(after: error, isRepeatable: true, now: Self.now, chance: { 0 })
                        })
                    guard model.breaker != nil, [.failed, .unavailable, .timeout].contains(failure) else { continue }
                    most = max(
                        most,
                        follow(attempts, tries: tries, asked: 0) {
                            $0.next(
                                after: SluiceError(.modelUnavailable, "left alone"), opening: code, isRepeatable: true,
                                now: Self.now)
                        })
                }
            }
            for p in [0.1, 0.3, 0.6, 0.9] {
                for q in [0.1, 0.3, 0.6, 0.9] {
                    var next = attempts
                    let step = next.next(
                        afterAnswer: { ($0.output == "p" ? p : q) < $0.below }, now: Self.now)
                    guard let step else { continue }
                    most = max(most, 1 + take(step, next, tries: tries))
                }
            }
            known[place] = most
            return most
        }

        private mutating func follow(
            _ attempts: Attempts, tries: Int, asked: Int, by next: (inout Attempts) -> Attempts.Step
        ) -> Int {
            var attempts = attempts
            let step = next(&attempts)
            return asked + take(step, attempts, tries: tries)
        }

        private mutating func take(_ step: Attempts.Step, _ attempts: Attempts, tries: Int) -> Int {
            switch step {
            case .attempt(let attempt):
                if let rung = attempt.rung { reached.insert(rung) }
                return visit(attempts, tries: 0)
            case .retry: return visit(attempts, tries: tries + 1)
            case .answer(let rung):
                reached.insert(rung)
                return 0
            case .stale(let rung, _):
                reached.insert(rung)
                var further = attempts
                let next = further.nextAfterNothingKept(now: Self.now)
                return take(next, further, tries: tries)
            case .giveUp: return 0
            }
        }
    }

    /// Every way through a generated chain, and what the proof says of it.
    @Test(arguments: 0..<150 as Range<UInt64>) func aProofFindsWhatTheWorstWayDoes(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        let chain = Chain(&random)
        let proof = FallbackChain(chain.route, models: chain.models)
        var walker = Walker(chain)
        let most = try walker.mostTries()
        #expect(proof.tries == most, "\(chain.route) \(proof.longestWay)")
        let reached = chain.route.fallback.indices.map { walker.reached.contains($0) }
        #expect(proof.isReachable == reached, "\(chain.route)")
        #expect(proof.longestWay.reduce(0) { $0 + $1.tries } == most)
    }

    /// Ways by chance, in which each try takes as long as it may: none takes longer than was said.
    @Test(arguments: 0..<40 as Range<UInt64>) func noWayTakesLongerThanTheProofSays(seed: UInt64) throws {
        var random = SplitMix(seed: seed &+ 1_000)
        var chain = Chain(&random)
        chain.route.deadline = .milliseconds(Int64.random(in: 10...10_000, using: &random))
        let proof = FallbackChain(chain.route, models: chain.models)
        var configuration = RoutingTests.configuration([chain.route])
        for index in configuration.models.indices {
            configuration.models[index].timeout = chain.models[configuration.models[index].name]?.timeout
        }
        let route = try RouteTable(configuration).match(model: "m", contentType: nil)
        var longest = UInt64(0)
        for _ in 0..<300 {
            var now = MonotonicTime(nanoseconds: 0)
            var attempts = Attempts(route: route, start: now, now: now)
            var tries = 1
            walk: while true {
                now = max(now, attempts.current.deadline)
                let codes = Self.codes.flatMap(\.1).filter { $0 != .quotaExceeded && $0 != .quotaUnavailable }
                let code = codes.randomElement(using: &random) ?? .modelFailed
                var step = attempts.next(
                    after: SluiceError(code, "because"), isRepeatable: true, now: now, chance: { 0.999 })
                while case .stale = step { step = attempts.nextAfterNothingKept(now: now) }
                switch step {
                case .attempt: tries += 1
                case .retry(_, let wait):
                    now = now.advanced(byNanoseconds: wait)
                    tries += 1
                case .stale, .answer, .giveUp: break walk
                }
            }
            longest = max(longest, now.nanoseconds)
            #expect(tries <= proof.tries)
        }
        #expect(longest <= UInt64(proof.time / .nanoseconds(1)), "\(chain.route)")
    }

    @Test func aSecondTryIsOneMoreAndTakesNoLonger() {
        var route = RoutingTests.route(
            "r", model: "m", to: [("a", 1)], fallback: [([.any], "b")], deadline: .seconds(3))
        let models = ["a", "b"].map { ModelConfiguration(name: $0, plugin: "p", config: .null, location: somewhere) }
        let byName = Dictionary(uniqueKeysWithValues: models.map { ($0.name, $0) })
        let without = FallbackChain(route, models: byName)
        route.hedge = HedgeConfiguration(after: .percentile(95))
        let with = FallbackChain(route, models: byName)
        #expect(without.tries == 2 && with.tries == 3)
        #expect(with.time == without.time)
        var configuration = RoutingTests.configuration([route])
        configuration.routes[0].fallback = []
        #expect(
            configuration.chainLines(file: "gateway.yaml") == [
                #"gateway.yaml:1: route "r": at most 2 tries and 3s: a, and one at the same time"#
            ])
    }
}
