internal import Codecs
internal import Gateway
internal import Policies
internal import Tensors

/// What a session's messages have in common.
struct SessionPlan {
    var model: String
    var query: SessionQuery
    /// The key of the request that opened it.
    var key: String?
    var traceparent: String?

    /// The request that a message is.
    func request(isBinary: Bool, gate: Gate) -> InferenceRequest {
        let mediaType = isBinary ? "application/octet-stream" : "application/json"
        let facts =
            isBinary
            ? CodecRegistry.RequestFacts(
                contentType: mediaType, input: query.input, shape: query.shape, datatype: query.datatype)
            : CodecRegistry.RequestFacts(contentType: mediaType)
        return InferenceRequest(
            model: model, version: nil,
            format: .unified(facts, accept: query.answers.mediaType, wantedOutputs: query.outputs),
            contentType: mediaType, key: gate.policies.read(key), traceparent: traceparent)
    }
}

/// A session that its client may open.
struct OpenedSession {
    var plan: SessionPlan
    var handshake: WebSocketHandshake
}
