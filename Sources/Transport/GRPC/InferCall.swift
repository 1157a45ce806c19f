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
        inference = nil
        switch answer.content {
        case .outputs(let body, _):
            stream.answer(body, summary: answer.summary)
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
        return Inference(
            request(for: address, streams: streams), id: id, receivedAt: record.receivedAt, deadline: deadline,
            gate: service.gate,
            eventLoop: eventLoop, responder: responder)
    }

    /// What the message asks for; the same object where the last one with this head asked for the same.
    private func request(for address: InferMessage.Address, streams: Bool) -> InferenceRequest {
        let revision = service.gate.revision.number
        let version = address.version.isEmpty ? nil : address.version
        if let known = head.asked, known.revision == revision, known.request.model == address.model,
            known.request.version == version, case .openInferenceMessage(streams: streams) = known.request.format
        {
            return known.request
        }
        let request = InferenceRequest(
            model: address.model, version: version, format: .openInferenceMessage(streams: streams), contentType: nil,
            path: head.path, fields: head.fields.routing, credentials: caller, traceparent: head.fields.traceparent)
        head.asked = (revision, request)
        return request
    }
}
