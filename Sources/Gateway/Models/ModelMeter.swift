internal import PluginHost
internal import Scheduling
internal import Telemetry
internal import Tensors

/// Measures what becomes of a model's requests between their arrival and their call.
struct ModelMeter: Sendable {
    private let handles: GatewayMetrics.ModelHandles

    init(_ handles: GatewayMetrics.ModelHandles) {
        self.handles = handles
    }

    /// A batch goes into the model.
    func started(_ batch: Batch) {
        handles.batchRows.observe(whole: batch.rows)
        handles.queueSeconds.observe(nanoseconds: batch.startedAt.nanoseconds(since: batch.lead.arrivedAt))
        for member in batch.companions {
            handles.queueSeconds.observe(nanoseconds: batch.startedAt.nanoseconds(since: member.arrivedAt))
        }
    }

    /// A request's deadline passed before its call.
    func expired() { handles.expired.increment() }

    /// A request is tried by itself after its joined call failed.
    func retried() { handles.retries.increment() }
}
