internal import Codecs
internal import Gateway
internal import Policies
internal import Tensors

/// `ModelInfer`: one request, one answer.
///
/// Invariant behind `@unchecked Sendable`: only used on the connection's event loop.
final class InferCall: GRPCCall, Responder, @unchecked Sendable {
    /// The stream lets go of its call in the end.
    private let stream: GRPCStream
    private var message: InferMessage?
    private var inference: Inference?

    init(_ stream: GRPCStream) {
        self.stream = stream
    }

    /// What is known of how the answer came about.
    var summary: Answer.Summary? { inference?.summary }

    func receive(_ message: GRPCMessage) throws(SluiceError) {
        guard case .infer(let message) = message else { return }
        self.message = message
    }

    func receiveEnd() throws(SluiceError) {
        guard let message else { return }
        self.message = nil
        let inference = try stream.makeInference(
            for: try message.address(), id: stream.record.id, streams: false, responder: self)
        self.inference = inference
        try inference.begin()
        inference.perform(message)
    }

    func cancel(_ reason: SluiceError) {
        inference?.cancel(reason)
        inference = nil
    }

    func finish(_ answer: Answer) {
        guard let connection = stream.connection else { return }
        inference = nil
        switch answer.content {
        case .outputs(let body, _):
            connection.together {
                stream.send(body, summary: answer.summary)
                stream.finish(nil, summary: answer.summary)
            }
        case .failure(let error):
            stream.finish(error, summary: answer.summary)
        }
    }

    // The gate answers a call that doesn't take parts in one piece.
    func beginStream(mediaType: String, summary: Answer.Summary) {}
    func writePart(_ body: EncodedBody, written: @escaping @Sendable () -> Void) { written() }
    func endStream(failure: SluiceError?) {}
}

extension GRPCStream {
    /// The inference that a message asks for.
    func makeInference(
        for address: InferMessage.Address, id: String, streams: Bool, responder: any Responder
    ) throws(SluiceError) -> Inference {
        guard !address.model.isEmpty else { throw SluiceError(.invalidInput, "the request names no model") }
        let request = InferenceRequest(
            model: address.model, version: address.version.isEmpty ? nil : address.version,
            format: .openInferenceMessage(streams: streams), contentType: nil,
            path: head.path, fields: head.fields.routing, credentials: caller, traceparent: head.fields.traceparent)
        return Inference(
            request, id: id, receivedAt: record.receivedAt, deadline: deadline, gate: service.gate,
            eventLoop: eventLoop, responder: responder)
    }
}
