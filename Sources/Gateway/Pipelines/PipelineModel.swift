internal import PluginHost
internal import Synchronization
internal import Tensors

/// A model that is made of others, to everybody who asks it a model like any other.
///
/// It never waits: a step is handed to its own model's queue, and the next one is asked by whoever answers the last.
final class PipelineModel: ModelInstance {
    let description: ModelDescription
    let plan: PipelinePlan
    private let name: String
    private let running = Atomic<Int>(0)

    init(_ name: String, plan: PipelinePlan) {
        self.name = name
        self.plan = plan
        description = plan.description
    }

    func infer(_ call: InferenceCall) { start(call, consumer: 0) }

    /// Takes a call; it gets its final part in any case.
    ///
    /// - Parameter consumer: a number for whose call it is: the steps' models share themselves evenly, too.
    func start(_ call: InferenceCall, consumer: Int) {
        running.wrappingAdd(1, ordering: .relaxed)
        PipelineRun.begin(call, of: name, plan: plan, consumer: consumer) { [self] in
            running.wrappingSubtract(1, ordering: .relaxed)
        }
    }

    /// Whether every step's model can answer.
    var isReady: Bool {
        let now = MonotonicTime.now
        return plan.steps.allSatisfy { step in
            step.model.isReady && step.model.stepRules?.breaker?.isAvailable(now: now) ?? true
        }
    }

    /// Where the first step has its inputs.
    var inputMemory: (any TensorMemory)? { plan.steps[0].model.inputMemory }

    /// Whoever sent the requests of a sequence has gone.
    func endSequence(_ id: String) {
        for step in plan.steps where step.keepsSequences { step.model.endSequence(id) }
    }

    func warmUp() throws(PluginLoadError) {}

    var unfinishedCalls: Int { running.load(ordering: .relaxed) }

    /// The steps' models are freed by themselves.
    var isIdle: Bool { unfinishedCalls == 0 }

    func unload() {}
}
