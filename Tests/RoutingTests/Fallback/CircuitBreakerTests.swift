import Configuration
import Routing
import Tensors
import Testing

@Suite struct CircuitBreakerTests {
    /// Milliseconds since some hour.
    private static func at(_ milliseconds: Int) -> MonotonicTime {
        MonotonicTime(nanoseconds: 3_600_000_000_000 + UInt64(milliseconds) * 1_000_000)
    }

    private static func policy(_ change: (inout BreakerConfiguration) -> Void = { _ in }) -> BreakerConfiguration {
        var policy = BreakerConfiguration()
        policy.failures = 3
        policy.open = .seconds(1)
        policy.longest = .seconds(8)
        change(&policy)
        return policy
    }

    private static func breaker(_ change: (inout BreakerConfiguration) -> Void = { _ in }) -> CircuitBreaker {
        CircuitBreaker(policy(change), seed: 7)
    }

    /// Makes one call that ends at once; `nil` where it isn't let through.
    private static func call(
        _ breaker: inout CircuitBreaker, _ outcome: CircuitBreaker.Outcome, _ milliseconds: Int
    ) -> CircuitBreaker.Change?? {
        guard case .pass(let pass) = breaker.admit(now: at(milliseconds)) else { return nil }
        return .some(breaker.ended(pass, outcome, now: at(milliseconds)))
    }

    private static let failure = CircuitBreaker.Outcome.failure(.modelFailed)

    private static func opened(_ breaker: inout CircuitBreaker, at milliseconds: Int = 0) -> Int {
        for _ in 0..<breaker.policy.failures { _ = call(&breaker, failure, milliseconds) }
        guard case .open(let until) = breaker.phase else { return -1 }
        return Int(until.nanoseconds(since: at(milliseconds)) / 1_000_000)
    }

    // MARK: Opening

    /// Outcomes one after the other: `.` success, `x` failure, `-` neither; and whether it is open after them.
    @Test(arguments: [
        ("", false), ("xx", false), ("xxx", true), ("xx.x", false), ("xx.xx", false), ("xx-x", true), ("xx.xxx", true),
        ("...", false), ("---", false),
    ])
    func failuresInARowOpenIt(outcomes: String, isOpen: Bool) {
        var breaker = Self.breaker()
        for outcome in outcomes {
            _ = Self.call(&breaker, outcome == "x" ? Self.failure : outcome == "." ? .success : .neither, 0)
        }
        #expect((breaker.phase != .closed) == isOpen)
        #expect(breaker.openings == (isOpen ? 1 : 0))
    }

    @Test func aShareOfFailuresOpensItOnceThereAreEnoughCalls() {
        var breaker = Self.breaker { ($0.failures, $0.rate, $0.calls) = (1_000, 0.5, 10) }
        for index in 0..<9 {
            #expect(Self.call(&breaker, index % 2 == 0 ? .success : Self.failure, index) == .some(nil))
        }
        guard case .some(.some(.opened(let nanoseconds))) = Self.call(&breaker, Self.failure, 9) else {
            Issue.record("it stayed closed")
            return
        }
        #expect((1_000_000_000...1_200_000_000).contains(nanoseconds))
        #expect(breaker.reason == .modelFailed)
    }

    @Test func theWindowForgets() {
        var breaker = Self.breaker { ($0.failures, $0.rate, $0.calls) = (1_000, 0.5, 4) }
        for _ in 0..<3 { _ = Self.call(&breaker, Self.failure, 0) }
        // A whole window later those three are gone, so this one is the only call.
        #expect(Self.call(&breaker, Self.failure, 10_001) == .some(nil))
        #expect(breaker.phase == .closed)
        for _ in 0..<3 { _ = Self.call(&breaker, Self.failure, 12_000) }
        #expect(breaker.phase != .closed)
    }

    @Test(arguments: [
        (SluiceError.Code?.none, false, CircuitBreaker.Outcome.success), (.modelFailed, false, .failure(.modelFailed)),
        (.deadlineExceeded, false, .failure(.deadlineExceeded)), (.deadlineExceeded, true, .neither),
        (.modelUnavailable, true, .failure(.modelUnavailable)), (.pluginCrashed, false, .failure(.pluginCrashed)),
        (.modelBrokeContract, false, .failure(.modelBrokeContract)), (.overloaded, false, .neither),
        (.tooManyRequests, false, .neither), (.cancelled, false, .neither), (.shuttingDown, false, .neither),
        (.modelRejectedInput, false, .success),
    ])
    func onlyTheModelsOwnFailuresCount(code: SluiceError.Code?, isCutShort: Bool, outcome: CircuitBreaker.Outcome) {
        #expect(CircuitBreaker.Outcome(code, isCutShort: isCutShort) == outcome)
    }

    // MARK: Open

    @Test func whileOpenEverythingIsRefusedWithTheWait() {
        var breaker = Self.breaker()
        let wait = Self.opened(&breaker)
        #expect((1_000...1_200).contains(wait))
        guard case .refuse(let left) = breaker.admit(now: Self.at(400)) else {
            Issue.record("let through")
            return
        }
        #expect(abs(Int(left / 1_000_000) - (wait - 400)) <= 1)
        #expect(!breaker.isAvailable(now: Self.at(999)))
        #expect(breaker.isAvailable(now: Self.at(1_201)))
    }

    @Test func callsFromBeforeTheOpeningSayNothing() {
        var breaker = Self.breaker()
        guard case .pass(let early) = breaker.admit(now: Self.at(0)) else { return }
        _ = Self.opened(&breaker)
        #expect(breaker.ended(early, .success, now: Self.at(10)) == nil)
        guard case .pass = breaker.admit(now: Self.at(1_300)) else { return }
        #expect(breaker.phase == .halfOpen)
        #expect(breaker.ended(early, .success, now: Self.at(1_300)) == nil)
        #expect(breaker.phase == .halfOpen)
    }

    // MARK: Half-open

    @Test func onlySoManyProbesAreLetThroughAndAllMustSucceed() {
        var breaker = Self.breaker { $0.probes = 3 }
        _ = Self.opened(&breaker)
        var passes: [CircuitBreaker.Pass] = []
        for _ in 0..<10 { if case .pass(let pass) = breaker.admit(now: Self.at(1_300)) { passes.append(pass) } }
        #expect(passes.count == 3)
        #expect(breaker.ended(passes[0], .success, now: Self.at(1_310)) == nil)
        // A probe that succeeded keeps its place, one that says nothing gives it back.
        guard case .refuse = breaker.admit(now: Self.at(1_310)) else {
            Issue.record("a fourth probe")
            return
        }
        #expect(breaker.ended(passes[1], .neither, now: Self.at(1_320)) == nil)
        guard case .pass(let again) = breaker.admit(now: Self.at(1_330)) else {
            Issue.record("no probe in place of the one that said nothing")
            return
        }
        #expect(breaker.ended(passes[2], .success, now: Self.at(1_340)) == nil)
        #expect(breaker.ended(again, .success, now: Self.at(1_350)) == .closed)
        #expect(breaker.phase == .closed)
        #expect(breaker.failures == 0)
    }

    @Test func aFailedProbeOpensItForTwiceAsLongUpToTheLongest() {
        var breaker = Self.breaker()
        var now = 0
        var waits = [Self.opened(&breaker)]
        for _ in 0..<6 {
            now += waits[waits.count - 1] + 1
            guard case .some(.some(.opened(let nanoseconds))) = Self.call(&breaker, Self.failure, now) else {
                Issue.record("the probe didn't open it")
                return
            }
            waits.append(Int(nanoseconds / 1_000_000))
        }
        for (wait, base) in zip(waits, [1_000, 2_000, 4_000, 8_000, 8_000, 8_000, 8_000]) {
            #expect((base...base * 6 / 5).contains(wait), "\(waits)")
        }
        #expect(Set(waits).count == waits.count, "the jitter is the same each time: \(waits)")
    }

    @Test func growthIsForgottenAfterAWholeWindowClosed() {
        for (pause, expected) in [(9_000, 2_000), (10_000, 1_000)] {
            var breaker = Self.breaker()
            let wait = Self.opened(&breaker)
            #expect(Self.call(&breaker, .success, wait + 1) == .some(.closed))
            let second = Self.opened(&breaker, at: wait + 1 + pause)
            #expect((expected...expected * 6 / 5).contains(second), "\(pause): \(second)")
        }
    }

    // MARK: By hand

    @Test func whatWasOpenedByHandStaysSoUntilItIsClosedByHand() {
        var breaker = Self.breaker()
        guard case .pass(let early) = breaker.admit(now: Self.at(0)) else { return }
        breaker.hold()
        breaker.hold()
        #expect(breaker.openings == 1)
        #expect(breaker.ended(early, .success, now: Self.at(1)) == nil)
        #expect(breaker.admit(now: Self.at(86_400_000)) == .refuse(retryAfterNanoseconds: 1_000_000_000))
        #expect(!breaker.isAvailable(now: Self.at(86_400_000)))
        breaker.reset()
        #expect(Self.call(&breaker, .success, 86_400_001) == .some(nil))
    }

    @Test func closingByHandBeginsAnew() {
        var breaker = Self.breaker()
        let wait = Self.opened(&breaker)
        #expect(Self.call(&breaker, Self.failure, wait + 1) != .some(nil))
        breaker.reset()
        #expect((1_000...1_200).contains(Self.opened(&breaker, at: wait + 2)))
    }

    // MARK: Flapping

    /// A model that is well and ill in turns, at any pace: openings are never closer to each other than the settings allow,
    /// and as they follow each other closely there are ever fewer of them.
    @Test(arguments: [10, 70, 300, 999, 1_000, 1_001, 2_500, 9_000, 30_000, 100_000])
    func flappingOpensItNoOftenerThanItsSettingsSay(halfPeriod: Int) {
        for seed in 0..<5 as Range<UInt64> {
            var breaker = CircuitBreaker(Self.policy { $0.probes = 2 }, seed: seed)
            var openings: [(at: Int, wait: Int)] = []
            var closings: [Int] = []
            for now in stride(from: 0, to: 1_800_000, by: 5) {
                let isWell = now / halfPeriod % 2 == 1
                switch Self.call(&breaker, isWell ? .success : Self.failure, now) {
                case .some(.some(.opened(let nanoseconds))): openings.append((now, Int(nanoseconds / 1_000_000)))
                case .some(.some(.closed)): closings.append(now)
                default: break
                }
            }
            #expect(!openings.isEmpty)
            #expect(openings.count == breaker.openings)
            for (earlier, later) in zip(openings, openings.dropFirst()) {
                #expect(later.at - earlier.at >= earlier.wait)
                // Close upon a closing, each opening is twice as long or as long as may be.
                let closing = closings.last { $0 < later.at } ?? 0
                if closing < earlier.at || later.at - closing < 10_000 {
                    #expect(later.wait >= min(8_000, 2 * (earlier.wait * 5 / 6)), "\(earlier) \(later)")
                }
            }
            // Most of them come if each time it is closed just for the window, and then open for 1, 2 and 4 s.
            #expect(openings.count <= 4 + 3 * 1_800 / 17, "\(openings.count)")
        }
    }

    /// Random calls of random length: never more probes than allowed, nothing let through while it is open, and no opening
    /// that no failure led to.
    @Test(arguments: 0..<40 as Range<UInt64>) func holdsWhateverComes(seed: UInt64) {
        var random = SplitMix(seed: seed)
        let policy = Self.policy { policy in
            policy.failures = Int.random(in: 1...6, using: &random)
            policy.calls = Int.random(in: 1...30, using: &random)
            policy.rate = Double.random(in: 0.01...1, using: &random)
            policy.probes = Int.random(in: 1...4, using: &random)
        }
        var breaker = CircuitBreaker(policy, seed: seed)
        var underWay: [(pass: CircuitBreaker.Pass, isProbe: Bool)] = []
        var now = 0
        for _ in 0..<5_000 {
            now += Int.random(in: 0...120, using: &random)
            if Bool.random(using: &random) || underWay.isEmpty {
                let before = breaker.phase
                if case .pass(let pass) = breaker.admit(now: Self.at(now)) {
                    if case .open(let until) = before { #expect(Self.at(now) >= until) }
                    if before != .halfOpen, breaker.phase == .halfOpen {
                        for index in underWay.indices { underWay[index].isProbe = false }
                    }
                    underWay.append((pass, breaker.phase == .halfOpen))
                    #expect(underWay.count { $0.isProbe } <= policy.probes)
                }
            } else {
                let call = underWay.remove(at: Int.random(in: 0..<underWay.count, using: &random))
                let outcome = [.success, Self.failure, .neither].randomElement(using: &random) ?? .neither
                let (before, change) = (breaker.openings, breaker.ended(call.pass, outcome, now: Self.at(now)))
                if breaker.openings > before {
                    #expect(outcome == Self.failure)
                    guard case .opened = change else {
                        Issue.record("opened without saying so")
                        return
                    }
                    for index in underWay.indices { underWay[index].isProbe = false }
                }
            }
        }
        #expect(breaker.openings > 0)
    }
}
