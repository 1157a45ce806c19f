internal import Codecs
internal import Configuration
internal import Gateway
internal import Tensors

/// A request for batches, as far as its head says.
struct BatchRequest {
    var inference: InferenceRequest
    var plan: BatchPlan
}

extension Service {
    /// What the head of a request for batches asks for.
    ///
    /// - Parameter parts: its path and its query.
    func batches(
        _ model: String, parts: [Substring], fields: RequestFields
    ) throws(SluiceError) -> BatchRequest {
        let query = try BatchQuery(parts.count > 1 ? parts[1] : "")
        var plan = BatchPlan()
        (plan.rows, plan.errors, plan.offset) = (query.rows, query.errors, query.offset)
        plan.format = try RowFormat.named(fields.contentType)
        plan.accept = fields.accept
        let request = inference(
            model: model, version: nil, path: parts[0], fields: fields,
            format: .unified(.init(contentType: nil), accept: nil, wantedOutputs: query.outputs), top: query.top)
        return BatchRequest(inference: request, plan: plan)
    }

    /// How much a request for batches may take at once.
    var batchBounds: BatchBounds {
        let bodies = bodies
        return BatchBounds(
            mostBytes: listener.maxBody, reserve: { bodies.reserve($0) }, release: { bodies.release($0) })
    }
}

extension Endpoint {
    /// Whether a body of any length may come, as it is never held as a whole.
    var takesAnyLength: Bool { if case .batch = self { true } else { false } }
}
