internal import Codecs
internal import Gateway
internal import NIOCore
internal import Tensors

/// `ModelStreamInfer`: any number of requests, each with any number of answers.
///
/// Requests are worked on one after the other, in the order in which they came: answers can be told apart by that order
/// alone, and a sequence sees its own in order. While too many wait, nothing more is read.
///
/// Invariant behind `@unchecked Sendable`: only used on the connection's event loop.
final class StreamInferCall: GRPCCall, @unchecked Sendable {
    /// Requests that wait for their turn; a client that sends more is held back.
    private static let mostWaiting = 16

    private weak var stream: GRPCStream?
    private var waiting = CircularBuffer<InferMessage>()
    private var turn: StreamInferTurn?
    private var turns = 0
    private var hasEnded = false
    private var isStarting = false

    init(_ stream: GRPCStream) {
        self.stream = stream
    }

    var isFull: Bool { waiting.count >= Self.mostWaiting }

    func receive(_ message: GRPCMessage) throws(SluiceError) {
        guard case .infer(let message) = message else { return }
        waiting.append(message)
        startNext()
    }

    func receiveEnd() throws(SluiceError) {
        hasEnded = true
        startNext()
    }

    func cancel(_ reason: SluiceError) {
        waiting.removeAll()
        let turn = turn
        self.turn = nil
        turn?.cancel(reason)
    }

    /// Starts requests until one takes its time; a loop, so that quick ones don't nest.
    private func startNext() {
        guard !isStarting else { return }
        isStarting = true
        defer { isStarting = false }
        while turn == nil, let stream, let message = waiting.popFirst() {
            turns += 1
            stream.takeServiceAnew()
            let turn = StreamInferTurn(self, stream: stream)
            self.turn = turn
            turn.begin(message, number: turns)
            stream.readOn()
        }
        guard turn == nil, let stream else { return }
        stream.letServiceGo()
        if hasEnded { stream.finish(nil) }
    }

    /// A request's last answer has gone out.
    func ended(_ ended: StreamInferTurn) {
        guard turn === ended else { return }
        turn = nil
        startNext()
    }
}

/// One request of a stream and its answers.
///
/// Invariant behind `@unchecked Sendable`: only used on the connection's event loop.
final class StreamInferTurn: Responder, @unchecked Sendable {
    private weak var call: StreamInferCall?
    private weak var stream: GRPCStream?
    private var inference: Inference?
    private var clientID = ""
    private var model = ""
    private var summary: Answer.Summary?

    init(_ call: StreamInferCall, stream: GRPCStream) {
        self.call = call
        self.stream = stream
    }

    func begin(_ message: InferMessage, number: Int) {
        guard let stream else { return }
        do {
            let address = try message.address()
            clientID = address.id
            model = address.model
            let inference = try stream.makeInference(
                for: address, id: "\(stream.record.id)-\(number)", streams: true, responder: self)
            self.inference = inference
            try inference.begin()
            inference.perform(message)
        } catch {
            fail(error)
        }
    }

    func cancel(_ reason: SluiceError) {
        inference?.cancel(reason)
        inference = nil
    }

    private func end() {
        inference = nil
        call?.ended(self)
    }

    private func fail(_ error: SluiceError) {
        guard let stream else { return }
        if stream.head.grpc.endsStreamOnError {
            stream.finish(error)
        } else {
            let body = OpenInferenceCodec().encodeStreamFailure(error, model: model, id: clientID)
            stream.send(body, summary: nil)
            stream.messageTaken()
        }
        end()
    }

    // MARK: Answers

    func finish(_ answer: Answer) {
        switch answer.content {
        case .outputs(let body, _):
            stream?.send(OpenInferenceCodec().streamMessage(body), summary: answer.summary)
            end()
        case .failure(let error): fail(error)
        }
    }

    func beginStream(mediaType: String, summary: Answer.Summary) {
        self.summary = summary
    }

    func writePart(_ body: EncodedBody, written: @escaping @Sendable () -> Void) {
        guard let stream else { return written() }
        stream.send(OpenInferenceCodec().streamMessage(body), summary: summary) {
            self.stream?.messageTaken()
            written()
        }
    }

    func endStream(failure: SluiceError?) {
        if let failure { fail(failure) } else { end() }
    }
}
