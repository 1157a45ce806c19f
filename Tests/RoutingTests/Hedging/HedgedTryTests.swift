import Configuration
import Routing
import Tensors
import Testing

@Suite struct HedgedTryTests {
    private static let failure = SluiceError(.modelFailed, "because")
    private static let fault = SluiceError(.modelRejectedInput, "because")

    /// What happens to both tries, a letter each: `+` the second begins, `a` `b` an answer of the first or the second, `x`
    /// `y` a failure, `u` `v` one that the request is at fault for; and what comes of it.
    @Test(arguments: [
        ("a", "first"), ("x", "first"), ("+a", "first, let go of second"), ("+b", "second, let go of first"),
        ("+xb", "wait, second"), ("+ya", "wait, first"), ("+xy", "wait, both failed"), ("+yx", "wait, first"),
        ("+u", "first, let go of second"), ("+v", "second, let go of first"), ("+ab", "first, let go of second, wait"),
        ("+ba", "second, let go of first, wait"), ("xb", "first, wait"), ("+xyb", "wait, both failed, wait"),
    ])
    func theFirstAnswerCounts(events: String, expected: String) {
        var race = HedgedTry()
        #expect(Self.play(events, &race) == expected)
    }

    private static func play(_ events: some StringProtocol, _ race: inout HedgedTry) -> String {
        events.compactMap { event -> HedgedTry.Action? in
            switch event {
            case "+":
                race.secondBegan()
                return nil
            case "a": return race.answered(.first)
            case "b": return race.answered(.second)
            case "x": return race.failed(.first, failure)
            case "y": return race.failed(.second, failure)
            case "u": return race.failed(.first, fault)
            default: return race.failed(.second, fault)
            }
        }.map(word).joined(separator: ", ")
    }

    private static func word(_ action: HedgedTry.Action) -> String {
        switch action {
        case .wait: "wait"
        case .end(let runner, nil): "\(runner)"
        case .end(let runner, let other?): "\(runner), let go of \(other)"
        case .fail: "both failed"
        }
    }

    @Test func whoStaysAloneGetsNoSecondTry() {
        var race = HedgedTry()
        race.staysAlone()
        #expect(!race.isAlone)
        race.secondBegan()
        #expect(Self.word(race.failed(.first, Self.failure)) == "first")
    }

    /// Whatever happens in whatever order: one ending, and only of a try that had begun.
    @Test(arguments: 0..<300 as Range<UInt64>) func thereIsJustOneEnding(seed: UInt64) {
        var random = SplitMix(seed: seed)
        var race = HedgedTry()
        var (hasSecond, endings) = (false, 0)
        var open: Set<String> = ["first"]
        for _ in 0..<12 {
            if race.isAlone, open == ["first"], Bool.random(using: &random) {
                race.secondBegan()
                hasSecond = true
                open.insert("second")
                continue
            }
            guard let name = open.sorted().randomElement(using: &random) else { break }
            let runner = name == "first" ? HedgedTry.Runner.first : .second
            open.remove(name)
            let action: HedgedTry.Action =
                switch Int.random(in: 0..<3, using: &random) {
                case 0: race.answered(runner)
                case 1: race.failed(runner, Self.failure)
                default: race.failed(runner, Self.fault)
                }
            switch action {
            case .wait: #expect(!open.isEmpty, "nobody is left to wait for")
            case .end(let winner, let other):
                endings += 1
                #expect(winner == runner)
                if let other { open.remove("\(other)") }
                #expect(open.isEmpty)
            case .fail:
                endings += 1
                #expect(hasSecond && open.isEmpty)
            }
        }
        #expect(endings <= 1 && (endings == 1 || !open.isEmpty))
    }

    // MARK: Simulated

    /// A model of which one answer of so many takes long, asked a second time after a percentile: slow answers become rare as
    /// far as the budget goes, and no more second tries are made than it gives.
    @Test(arguments: [(50, 95, 0.1), (10, 80, 0.7)]) func slowAnswersBecomeRare(
        oneOf: Int, percentile: Int, leastSaved: Double
    ) throws {
        var hedge = HedgeConfiguration(after: .percentile(percentile))
        hedge.budgetPercent = 5
        var route = route("r", model: "m", to: [("a", 1)])
        route.hedge = hedge
        let policy = try #require(try RouteTable(configuration([route])).match(model: "m", contentType: nil).hedge)
        var random = SplitMix(seed: 11)
        func latency() -> UInt64 {
            let quick = UInt64.random(in: 8_000_000...12_000_000, using: &random)
            return Int.random(in: 0..<oneOf, using: &random) == 0 ? 500_000_000 : quick
        }
        var (hedges, slow, slowAlone, earned) = (0, 0, 0, 10.0)
        let requests = 20_000
        for _ in 0..<requests {
            let first = latency()
            if first > 100_000_000 { slowAlone += 1 }
            guard let delay = policy.delay(model: 0), first > delay, policy.take() else {
                policy.note(nanoseconds: first, model: 0)
                policy.budget.earn()
                earned += 0.05
                if first > 100_000_000 { slow += 1 }
                continue
            }
            hedges += 1
            var race = HedgedTry()
            race.secondBegan()
            let total = min(first, delay + latency())
            guard case .end(_, .some) = race.answered(total == first ? .first : .second) else {
                Issue.record("no one was let go of")
                return
            }
            policy.note(nanoseconds: total, model: 0)
            if total > 100_000_000 { slow += 1 }
        }
        #expect(Double(hedges) <= earned && hedges * 100 <= requests * 6, "\(hedges)")
        #expect(hedges > requests / 50)
        #expect(Double(slow) < Double(slowAlone) * leastSaved, "\(slow) of \(slowAlone)")
    }

    @Test func aReloadKeepsTheBudget() throws {
        var route = route("r", model: "m", to: [("a", 1)], retry: RetryConfiguration())
        route.hedge = HedgeConfiguration(after: .fixed(.milliseconds(20)))
        let table = RouteTable(configuration([route]))
        let policy = try #require(try table.match(model: "m", contentType: nil).hedge)
        #expect(policy.delay(model: 0) == 20_000_000)
        for _ in 0..<10 { #expect(policy.take()) }
        #expect(!policy.take())
        let next = try RouteTable(configuration([route]), previous: table).match(model: "m", contentType: nil)
        #expect(next.hedge?.take() == false)
        // What all further tries share is spent too.
        #expect(next.retry?.budget.left == 0)
    }

    @Test func aReloadKeepsWhatWasLearnt() throws {
        var route = route("r", model: "m", to: [("a", 1), ("b", 1)])
        route.hedge = HedgeConfiguration(after: .percentile(90))
        let table = RouteTable(configuration([route]))
        let policy = try #require(try table.match(model: "m", contentType: nil).hedge)
        for _ in 0..<LatencyQuantile.fewest { policy.note(nanoseconds: 1_000_000, model: 1) }
        let learnt = try #require(policy.delay(model: 1))
        // The models stand in another order in the next file, and a third one is new.
        let configuration = configuration([route], models: ["c", "b", "a"])
        let next = try #require(
            try RouteTable(configuration, previous: table).match(model: "m", contentType: nil).hedge)
        #expect(next.delay(model: 1) == learnt)
        #expect(next.delay(model: 2) == nil)
    }
}
