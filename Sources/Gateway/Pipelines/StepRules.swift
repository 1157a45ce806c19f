internal import Configuration
internal import PluginHost
internal import Telemetry
internal import Tensors

/// What a gate holds a model to where it is asked as a step of another, and where that is counted.
struct StepRules: Sendable {
    var breaker: ModelBreaker?
    /// What its inputs may be.
    var bounds: [InputBounds]
    /// How long one call may take, waiting included.
    var timeoutNanoseconds: UInt64?
    var statistics: ModelStatistics
    var metrics: GatewayMetrics.ModelHandles

    /// A call has ended.
    func ended(rows: Int, code: SluiceError.Code?, nanoseconds: UInt64) {
        metrics.seconds.observe(nanoseconds: nanoseconds)
        statistics.record(rows: rows, isSuccess: code == nil, nanoseconds: nanoseconds)
        if let code { metrics.failures.increment(code: code.text) }
    }
}

extension Gate {
    /// Tells every model what holds for it as a step.
    func announceStepRules() {
        guard configuration.models.contains(where: { $0.pipeline != nil }) else { return }
        for (index, model) in models.enumerated() {
            model.stepRules = StepRules(
                breaker: breakers[index], bounds: bounds[index],
                timeoutNanoseconds: configuration.models[index].timeout?.wholeNanoseconds,
                statistics: statistics[index], metrics: metrics.model(index))
        }
    }
}
