internal import Codecs
internal import Gateway
internal import Policies
internal import Tensors

/// What a session's messages have in common.
struct SessionPlan {
    var model: String
    var query: SessionQuery
    /// What the request that opened it showed of who made it; read anew for each message, as a new revision may take
    /// something else.
    var shown: ShownCredentials
    var path: String
    /// The header fields that routes look at.
    var fields: [String: String]
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
            contentType: mediaType, path: path, fields: fields, credentials: gate.policies.read(shown),
            traceparent: traceparent)
    }
}

/// A session that its client may open.
struct OpenedSession {
    var plan: SessionPlan
    var handshake: WebSocketHandshake
}
