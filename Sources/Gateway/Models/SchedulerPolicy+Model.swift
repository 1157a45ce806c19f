internal import Configuration
internal import PluginHost
internal import Scheduling
internal import Tensors

extension SchedulerPolicy {
    /// Threads of one model, at most.
    private static let maximumCalls = 1024
    /// Rows of one call where neither the model nor the file says how many it may have.
    private static let standardRows = 64

    /// What the file and the model itself say of scheduling it.
    init(_ configuration: ModelConfiguration, description: ModelDescription, instances: Int) {
        self.init()
        let scheduling = configuration.scheduling
        capacity = configuration.queue
        self.instances = instances
        concurrency = max(
            1, min(configuration.concurrency ?? description.maximumConcurrency, Self.maximumCalls / instances))
        levels = scheduling.priorities.levels
        standardLevel = scheduling.priorities.standard
        patience = scheduling.priorities.patience
        isFair = scheduling.fairness == .consumer
        isAdaptive = scheduling.limit == .adaptive
        if description.keepsSequences {
            sequences = SequencePolicy(
                maximum: scheduling.sequences.maximum, idleNanoseconds: scheduling.sequences.idle.wholeNanoseconds)
        }
        batching = Self.batching(scheduling.batching, description: description)
    }

    private static func batching(
        _ batching: SchedulingConfiguration.Batching, description: ModelDescription
    ) -> BatchingPolicy? {
        switch description.signature.batching {
        case .none: return nil
        // The parts of a stream can't be told apart by rows.
        case .concat where description.streams: return nil
        case .concat, .list: break
        }
        let declared = description.maximumBatchRows > 0 ? description.maximumBatchRows : Int.max
        switch batching {
        case .off: return nil
        case .auto: return BatchingPolicy(maximumRows: declared == .max ? standardRows : declared)
        case .custom(let custom):
            let rows = min(custom.maximumRows ?? (declared == .max ? standardRows : declared), declared)
            return BatchingPolicy(
                maximumRows: rows, preferredRows: custom.preferredRows.filter { $0 <= rows },
                maximumDelayNanoseconds: custom.maximumDelay.wholeNanoseconds, isAdaptive: custom.isAdaptive)
        }
    }
}
