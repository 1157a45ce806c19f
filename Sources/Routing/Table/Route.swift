package import Configuration
package import Tensors

/// One rule of the route table, compiled. Immutable, so that any number of threads may use it.
package final class Route: Sendable {
    /// A model that a route may send to.
    package struct Model: Sendable, Equatable {
        package var name: String
        /// Its place in the configuration's `models`, for tables that are indexed by it.
        package var index: Int
        /// Longest time for one attempt; `nil` leaves it to the route's deadline.
        package var timeoutNanoseconds: UInt64?
        /// Where the route names it.
        package var location: SourceLocation
    }

    /// One step of the fallback ladder.
    package struct Rung: Sendable, Equatable {
        package enum Action: Sendable, Equatable {
            case model(Model)
            case stale(notOlderThanNanoseconds: UInt64)
            case answer([FixedOutput])
        }

        package var when: Set<RouteConfiguration.FallbackCondition>
        /// Which answers lead here too.
        package var lowConfidence: RouteConfiguration.LowConfidence?
        package var action: Action
        package var location: SourceLocation
        /// The model that it asks, if it asks one.
        package var model: Model? { if case .model(let model) = action { model } else { nil } }
    }

    package let name: String
    /// The place of the route in the configuration's `routes`.
    package let index: Int
    /// Pattern of the public model names it serves; `nil` serves every request.
    package let pattern: NamePattern?
    /// What bodies it takes; empty takes all.
    package let contentTypes: [ContentTypePattern]
    /// What it asks of the path and of header fields; `nil` for nothing.
    package let head: HeadCondition?
    /// What it asks of whoever calls; `nil` for nothing.
    package let caller: CallerCondition?
    /// What it asks of inputs.
    package let inputs: [InputCondition]
    /// How callers prove who they are; empty asks nobody.
    package let identities: IdentityKinds
    package var requiresKey: Bool { !identities.isEmpty }
    /// Where a request goes first, by weight; at least one.
    package let targets: [Model]
    /// The model that sees answered requests, too; `nil` for none.
    package let shadow: Model?
    /// What is tried next, in order.
    package let fallback: [Rung]
    /// Whether answers can be too unsure.
    package let asksConfidence: Bool
    /// Whether a rung takes over from a model whose own limits are used up.
    package let hasQuotaRung: Bool
    /// How a model is asked once more; `nil` is never.
    package let retry: RetryPolicy?
    /// How a model is asked a second time while the first try is under way; `nil` is never.
    package let hedge: HedgePolicy?
    /// Longest time for the whole request.
    package let deadlineNanoseconds: UInt64
    package let location: SourceLocation
    /// Which part goes to the second target, where that is a canary.
    package let canary: Canary?
    /// What keeps requests together; `nil` for nothing.
    package let stickiness: Stickiness?
    private let split: WeightedSplit
    private let sticky: StickySplit?
    private let shares: [Share]

    private struct Share: Sendable, Equatable {
        var model: String
        var weight: Int
    }

    /// Compiles a route of a validated configuration.
    ///
    /// - Parameters:
    ///   - models: every model of the configuration by name, with its place in it.
    ///   - previous: the route of that name before a reload.
    ///   - commanded: the share that a command set of its canary in an earlier process.
    init(
        _ route: RouteConfiguration, index: Int, models: [String: (index: Int, timeout: Duration?)],
        previous: Route? = nil, commanded: Int? = nil
    ) {
        func model(_ name: String, at location: SourceLocation) -> Model {
            Model(
                name: name, index: models[name]?.index ?? 0,
                timeoutNanoseconds: models[name]?.timeout.map(\.wholeNanoseconds), location: location)
        }
        name = route.name
        self.index = index
        pattern = route.model.map(NamePattern.init)
        contentTypes = route.contentTypes.map(ContentTypePattern.init)
        identities = route.identities
        targets = route.targets.map { model($0.model, at: $0.location) }
        shadow = route.shadow.map { model($0.model, at: $0.location) }
        fallback = route.fallback.map { rung in
            let action: Rung.Action =
                switch rung.action {
                case .model(let name): .model(model(name, at: rung.location))
                case .stale(let age): .stale(notOlderThanNanoseconds: age.wholeNanoseconds)
                case .answer(let outputs): .answer(outputs)
                }
            return Rung(
                when: rung.when, lowConfidence: rung.lowConfidence, action: action, location: rung.location)
        }
        asksConfidence = route.fallback.contains { $0.lowConfidence != nil }
        hasQuotaRung = route.fallback.contains { $0.when.contains(.quota) }
        let retry = route.retry.map { RetryPolicy($0, previous: previous?.retry) }
        self.retry = retry
        hedge = route.hedge.map { [targets] hedge in
            HedgePolicy(hedge, targets: targets, shared: retry?.budget, previous: previous?.hedge)
        }
        deadlineNanoseconds = route.deadline.wholeNanoseconds
        location = route.location
        head = HeadCondition(route.conditions)
        caller = CallerCondition(route.conditions)
        inputs = route.conditions.inputs.map(InputCondition.init)
        stickiness = route.stickiness
        sticky = route.stickiness.map { _ in StickySplit(route.targets.map { ($0.model, $0.weight) }) }
        canary = route.canary.map { canary in
            if let known = previous?.canary, known.isSame(as: canary) { return known }
            return Canary(canary, commanded: previous == nil ? commanded : nil)
        }
        let shares = route.targets.map { Share(model: $0.model, weight: $0.weight) }
        self.shares = shares
        // Starting over at each reload would favour the first target.
        if let previous, previous.shares == shares {
            split = previous.split
        } else {
            split = WeightedSplit(weights: route.targets.map(\.weight))
        }
    }

    /// The model that the next request goes to first; the split's counter moves on.
    ///
    /// - Parameters:
    ///   - key: the `StickyKey` of what keeps requests together; `nil` where this one stands by itself.
    ///   - seconds: since 1970; only asked for where the share has a schedule.
    package func nextTarget(key: UInt64? = nil, at seconds: @autoclosure () -> Int64 = 0) -> Model {
        if let canary { return targets[canary.takes(key: key, at: seconds()) ? 1 : 0] }
        if let key, let sticky { return targets[sticky.target(of: key)] }
        return targets[split.next()]
    }

    /// What of these inputs isn't as the route wants it, as a half sentence; `nil` where all is.
    package func mismatch(with inputs: [Tensor]) -> String? {
        for condition in self.inputs {
            if let mismatch = condition.mismatch(with: inputs) { return mismatch }
        }
        return nil
    }

    /// Every model that the route may send to, each once: targets, then rungs.
    package var models: [Model] {
        var seen: Set<String> = []
        return (targets + fallback.compactMap(\.model)).filter { seen.insert($0.name).inserted }
    }

    /// Whether the route takes bodies of that type; `nil` where the request doesn't say.
    func takes(_ mediaType: String?) -> Bool {
        if contentTypes.isEmpty { return true }
        guard let mediaType else { return false }
        return contentTypes.contains { $0.matches(mediaType) }
    }
}
