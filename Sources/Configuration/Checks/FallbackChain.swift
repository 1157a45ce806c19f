/// What one request can come to on a route where everything fails that can: proved from the file alone.
///
/// A chain only goes down, so every way through it ends; this finds the one with the most tries, the one that takes longest,
/// and which rungs no way leads to.
package struct FallbackChain: Sendable {
    /// Tries with one model.
    package struct Stage: Sendable, Equatable {
        package var model: String
        package var tries: Int
    }

    /// For each rung, whether a failure or an unsure answer leads to it.
    package private(set) var isReachable: [Bool]
    /// For each rung, whether nothing but timeouts leads to it that come no sooner than the route's deadline.
    package private(set) var comesTooLate: [Bool]
    /// The way with the most tries.
    package private(set) var longestWay: [Stage] = []
    /// How many tries one request makes at most.
    package var tries: Int { longestWay.reduce(0) { $0 + $1.tries } + (route.hedge == nil ? 0 : 1) }
    /// How long they take at most: the deadline, or less where the models' own timeouts say so.
    package private(set) var time: Duration

    private let route: RouteConfiguration
    private let models: [String: ModelConfiguration]

    /// - Parameter models: every model that the route names.
    package init(_ route: RouteConfiguration, models: [String: ModelConfiguration]) {
        self.route = route
        self.models = models
        isReachable = Array(repeating: false, count: route.fallback.count)
        comesTooLate = isReachable
        time = route.deadline
        let (inTime, ever) = (reach(timeoutsInTime: true), reach(timeoutsInTime: false))
        isReachable = ever
        comesTooLate = zip(inTime, ever).map { !$0 && $1 }
        var best: [Int: Way] = [:]
        let ways = route.targets.map { longest(from: $0.model, at: nil, &best) }
        longestWay = ways.max { $0.count < $1.count }?.stages ?? []
        time = min(route.deadline, ways.map(\.time).max() ?? route.deadline)
    }

    // MARK: Which rungs are reached

    /// How a model's turn may end, as far as conditions tell one failure from another.
    package enum Failure: Sendable, CaseIterable {
        /// Its own failure.
        case failed
        /// It isn't there or asks for patience.
        case unavailable
        case overloaded
        /// This consumer's share of its queue is full.
        case busy
        case timeout
        case rejected
        case quota
        /// The store of its limits doesn't answer.
        case quotaUnknown

        /// Failures that open breakers.
        fileprivate static let opening: [Failure] = [.failed, .unavailable, .timeout]
    }

    /// A model's turn ends so; `refused` where its breaker is open, and that failure opened it.
    private struct Ending {
        var failure: Failure
        var isRefused = false
    }

    private func endings(of model: String) -> [Ending] {
        guard let model = models[model] else { return [] }
        var failures: [Failure] = [.failed, .unavailable, .overloaded, .busy, .timeout, .rejected]
        if !model.limits.isEmpty { failures += [.quota, .quotaUnknown] }
        return failures.map { Ending(failure: $0) }
            + (model.breaker == nil ? [] : Failure.opening.map { Ending(failure: $0, isRefused: true) })
    }

    /// The rungs that an ending leads to, past those that may have nothing to give, and the model among them.
    private func rungs(after ending: Ending, below start: Int) -> (passed: [Int], model: Int?) {
        var passed: [Int] = []
        for index in start..<route.fallback.count {
            let rung = route.fallback[index]
            guard rung.when.contains(where: { $0.covers(ending.failure, isRefused: ending.isRefused) }) else {
                continue
            }
            switch rung.action {
            case .stale: passed.append(index)
            case .answer: return (passed + [index], nil)
            case .model: return (passed, index)
            }
        }
        return (passed, nil)
    }

    /// The rungs that an unsure answer may lead to: the first one, and those below with a higher bound or of another output.
    private func rungsAfterUnsureAnswer(below start: Int) -> [Int] {
        var seen: [RouteConfiguration.LowConfidence] = []
        var rungs: [Int] = []
        for index in start..<route.fallback.count {
            guard let bound = route.fallback[index].lowConfidence else { continue }
            if seen.contains(where: { $0.output == bound.output && $0.below >= bound.below }) { continue }
            seen.append(bound)
            rungs.append(index)
        }
        return rungs
    }

    private func reach(timeoutsInTime: Bool) -> [Bool] {
        var reached = Array(repeating: false, count: route.fallback.count)
        var pending = route.targets.map { (model: $0.model, below: 0) }
        while let (model, start) = pending.popLast() {
            func visit(_ index: Int) {
                guard !reached[index] else { return }
                reached[index] = true
                if let next = route.fallback[index].model { pending.append((next, index + 1)) }
            }
            for ending in endings(of: model) {
                let (passed, next) = rungs(after: ending, below: start)
                for index in passed { visit(index) }
                guard let next else { continue }
                // At the deadline no further model is asked.
                if timeoutsInTime, ending.failure == .timeout, !ending.isRefused, !hasTimeout(model) { continue }
                visit(next)
            }
            for index in rungsAfterUnsureAnswer(below: start) { visit(index) }
        }
        return reached
    }

    private func hasTimeout(_ model: String) -> Bool { models[model]?.timeout.map { $0 < route.deadline } ?? false }

    // MARK: The longest way

    private struct Way {
        var stages: [Stage] = []
        var time = Duration.zero
        var count: Int { stages.reduce(0) { $0 + $1.tries } }
    }

    /// - Parameter place: the model's rung; `nil` for a target.
    private func longest(from model: String, at place: Int?, _ best: inout [Int: Way]) -> Way {
        if let place, let known = best[place] { return known }
        let start = place.map { $0 + 1 } ?? 0
        let most = route.retry?.attempts ?? 1
        var way = turn(of: model, tries: most)
        func goOn(to next: Int, after tries: Int, _ best: inout [Int: Way]) {
            guard let name = route.fallback[next].model else { return }
            let (turn, rest) = (turn(of: model, tries: tries), longest(from: name, at: next, &best))
            if turn.count + rest.count > way.count { way.stages = turn.stages + rest.stages }
            way.time = max(way.time, turn.time + rest.time)
        }
        for ending in endings(of: model) {
            guard let next = rungs(after: ending, below: start).model else { continue }
            // A breaker may open during the retries; limits are asked before the first try.
            let isRefused = ending.isRefused || ending.failure == .quota || ending.failure == .quotaUnknown
            goOn(to: next, after: !isRefused ? most : ending.isRefused ? most - 1 : 0, &best)
        }
        for index in rungsAfterUnsureAnswer(below: start) { goOn(to: index, after: most, &best) }
        if let place { best[place] = way }
        return way
    }

    private func turn(of model: String, tries: Int) -> Way {
        guard tries > 0 else { return Way() }
        let each = min(models[model]?.timeout ?? route.deadline, route.deadline)
        let waits = (route.retry?.longest ?? .zero) * (tries - 1)
        return Way(stages: [Stage(model: model, tries: tries)], time: each * tries + waits)
    }
}

extension RouteConfiguration.FallbackCondition {
    /// Whether a failure is of the kind that this condition means; the same as is decided when it happens.
    package func covers(_ failure: FallbackChain.Failure, isRefused: Bool = false) -> Bool {
        if isRefused { return self == .breakerOpen || covers(failure) || covers(.unavailable) }
        return switch self {
        case .serverError: [.failed, .unavailable, .overloaded, .timeout, .quotaUnknown].contains(failure)
        case .failed: failure == .failed || failure == .unavailable
        case .timeout: failure == .timeout
        case .overloaded: [.overloaded, .busy, .unavailable].contains(failure)
        case .quota: failure == .quota
        case .breakerOpen: false
        case .any: failure != .busy && failure != .quota
        }
    }
}

extension FallbackChain {
    /// Refuses rungs that no way leads to.
    static func check(_ routes: [RouteBlock.Result], models: [ModelConfiguration], _ reading: Reading) {
        guard !reading.hasErrors else { return }
        let byName = Dictionary(models.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        for route in routes where !route.rungs.isEmpty {
            let chain = FallbackChain(route.route, models: byName)
            for (index, rung) in route.rungs.enumerated() {
                if !chain.isReachable[index] {
                    reading.error(
                        "nothing leads to this fallback: those before it take all that it is for", at: rung.span,
                        "put it before them, let it be for more, or remove it")
                } else if chain.comesTooLate[index] {
                    reading.warning(
                        """
                        only timeouts lead to this fallback, and no model before it has a timeout below the route's \
                        deadline of \(DurationText.text(route.route.deadline))
                        """, at: rung.span,
                        "write e.g. timeout: 1s at model \(quoted(route.route.targets.first?.model ?? ""))")
                }
            }
        }
    }
}

extension GatewayConfiguration {
    /// For each route that does more than ask one model once: what its requests come to at worst, with its line.
    package func chainLines(file: String) -> [String] {
        let byName = Dictionary(models.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        return routes.compactMap { route in
            guard !route.fallback.isEmpty || route.retry != nil || route.hedge != nil else { return nil }
            let chain = FallbackChain(route, models: byName)
            let way = chain.longestWay.map { $0.tries == 1 ? $0.model : "\($0.model) (\($0.tries))" }
            let tries = chain.tries == 1 ? "1 try" : "\(chain.tries) tries"
            var line =
                "\(file):\(route.location.line): route \(quoted(route.name)): at most \(tries) "
                + "and \(DurationText.text(chain.time)): \(way.joined(separator: ", "))"
            if route.hedge != nil { line += ", and one at the same time" }
            let unbounded = chain.longestWay.dropLast().first { byName[$0.model]?.timeout == nil }
            if let unbounded {
                line += "; \(quoted(unbounded.model)) has no timeout, so it may leave no time for the others"
            }
            return line
        }
    }
}
