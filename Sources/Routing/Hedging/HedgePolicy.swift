package import Configuration

/// How a route asks a model a second time: its settings, what its requests may spend on it, and how long answers take.
package final class HedgePolicy: Sendable {
    package let configuration: HedgeConfiguration
    package let budget: RetryBudget
    /// What all further tries of the route share, where it has that.
    private let shared: RetryBudget?
    /// Of each target; there are few.
    private let targets: [(model: Route.Model, latency: TargetLatency)]

    init(_ configuration: HedgeConfiguration, targets: [Route.Model], shared: RetryBudget?, previous: HedgePolicy?) {
        self.configuration = configuration
        self.shared = shared
        let kept = previous?.configuration == configuration ? previous : nil
        // A reload in an outage must not fill it up again, and what was learnt stays known.
        budget = kept?.budget ?? RetryBudget(percent: configuration.budgetPercent, burst: HedgeConfiguration.burst)
        let percent = if case .percentile(let percent) = configuration.after { percent } else { 0 }
        self.targets = targets.map { target in
            let known = kept?.targets.first { $0.model.name == target.name }
            return (target, known?.latency ?? TargetLatency(percent: percent))
        }
    }

    /// How long to wait for the first try; `nil` where too little is known yet.
    package func delay(model index: Int) -> UInt64? {
        switch configuration.after {
        case .fixed(let delay): delay.wholeNanoseconds
        case .percentile: targets.first { $0.model.index == index }?.latency.nanoseconds
        }
    }

    /// A try took so long, or was given up then.
    package func note(nanoseconds: UInt64, model index: Int) {
        guard case .percentile = configuration.after else { return }
        targets.first { $0.model.index == index }?.latency.note(nanoseconds: nanoseconds)
    }

    /// Takes what one second try needs: from its own budget, and from the one that all further tries share.
    package func take() -> Bool {
        if let shared, shared.left < 1 { return false }
        guard budget.take() else { return false }
        return shared?.take() ?? true
    }
}
