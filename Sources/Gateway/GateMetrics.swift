internal import Routing
package import Telemetry
internal import Tensors

/// The metric handles of one gate's routes and models, by their place in the configuration.
package struct GateMetrics: Sendable {
    package let gateway: GatewayMetrics
    private let routes: [GatewayMetrics.RouteHandles]
    private let models: [GatewayMetrics.ModelHandles]
    /// Of routes that ask models once more.
    private let retries: [GatewayMetrics.RetryHandles?]
    /// Of routes that ask models a second time.
    private let hedges: [GatewayMetrics.HedgeHandles?]

    init(_ gateway: GatewayMetrics, routes: [Route], models: [ModelRuntime]) {
        self.gateway = gateway
        self.routes = routes.map { route in
            gateway.route(route.name, targets: route.targets.map(\.name), fallbacks: route.fallback.map(\.label))
        }
        retries = routes.map { $0.retry == nil ? nil : gateway.retries(route: $0.name) }
        hedges = routes.map { $0.hedge == nil ? nil : gateway.hedges(route: $0.name) }
        self.models = models.map { gateway.model($0.name) }
    }

    /// Handles of a model by its place among the configuration's models.
    func model(_ index: Int) -> GatewayMetrics.ModelHandles { models[index] }

    /// A request was answered, or refused.
    ///
    /// - Parameter place: see `place(rung:model:of:)`; `nil` where no model was asked.
    func answered(_ route: Route, place: Int?, code: SluiceError.Code?, nanoseconds: UInt64) {
        let handles = routes[route.index]
        handles.seconds.observe(nanoseconds: nanoseconds)
        let counters = place.map { handles.answers[$0].requests } ?? handles.unanswered
        if let code { counters.increment(code: code.text) } else { counters.incrementOK() }
    }

    /// Another model is tried after the last one failed.
    func fellBack(_ attempts: Attempts) {
        let attempt = attempts.current
        let place = Self.place(rung: attempt.rung, model: attempt.model.index, of: attempts.route)
        routes[attempts.route.index].answers[place].fallbacks.increment()
    }

    /// A model that failed is asked once more.
    func retried(_ attempts: Attempts) { retries[attempts.route.index]?.made.increment() }

    /// A model that failed would be asked once more, had its route's requests not spent all that they may.
    func isOverBudget(_ attempts: Attempts) { retries[attempts.route.index]?.overBudget.increment() }

    /// A model is asked a second time, as the first try takes long.
    func hedged(_ route: Route) { hedges[route.index]?.made.increment() }

    /// The second try was quicker.
    func hedgeWon(_ route: Route) { hedges[route.index]?.won.increment() }

    /// A model would be asked a second time, had its route's requests not spent all that they may.
    func hedgeIsOverBudget(_ route: Route) { hedges[route.index]?.overBudget.increment() }

    /// Where an attempt's model stands among the route's targets and rungs.
    static func place(rung: Int?, model: Int, of route: Route) -> Int {
        if let rung { return route.targets.count + rung }
        return route.targets.firstIndex { $0.index == model } ?? 0
    }

    /// The gate serves: says which models are ready, and that those which went are not.
    func announce(_ models: [ModelRuntime], instead previous: [ModelRuntime]) {
        let names = Set(models.map(\.name))
        for model in previous where !names.contains(model.name) { gateway.model(model.name).ready.set(0) }
        for (handles, model) in zip(self.models, models) { handles.ready.set(model.isReady ? 1 : 0) }
    }

    /// Sets what is only looked up when somebody asks.
    package func refresh(_ models: [ModelRuntime], _ breakers: ModelBreakers, _ shadows: [ShadowTraffic?]) {
        gateway.shadows.show(shadows.compactMap { $0?.standing })
        for breaker in breakers.all { breaker.refresh() }
        for (handles, model) in zip(self.models, models) {
            handles.queueDepth.set(model.queueDepth)
            handles.ready.set(model.isReady ? 1 : 0)
        }
    }
}

extension Route.Rung {
    /// What metrics call whoever answers there; no model can have a name in brackets.
    fileprivate var label: String {
        switch action {
        case .model(let model): model.name
        case .stale: "(stale)"
        case .answer: "(answer)"
        }
    }
}
