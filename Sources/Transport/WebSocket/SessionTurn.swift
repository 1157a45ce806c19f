internal import Codecs
internal import Gateway
internal import NIOCore
internal import Telemetry
internal import Tensors

/// A message that has come in.
struct SessionMessage {
    var bytes: ByteBuffer
    var isBinary: Bool
    /// Bytes of the budget that it takes.
    var held: Int
}

/// One message of a session and its answers.
///
/// Invariant behind `@unchecked Sendable`: only used on the connection's event loop.
final class SessionTurn: Responder, @unchecked Sendable {
    private weak var session: WebSocketSession?
    private let service: Service
    private let isBinaryAnswer: Bool
    private var inference: Inference?
    private var record: RequestRecord
    private(set) var held: Int
    private var bytesOut = 0

    init(_ session: WebSocketSession, service: Service, record: RequestRecord, held: Int, isBinaryAnswer: Bool) {
        self.session = session
        self.service = service
        self.record = record
        self.held = held
        self.isBinaryAnswer = isBinaryAnswer
    }

    /// - Parameter place: the message's in the session's sequence.
    func begin(
        _ request: InferenceRequest, at place: Envelope.Sequence, _ message: SessionMessage, eventLoop: any EventLoop
    ) {
        service.metrics.requestsInFlight.increment()
        let inference = Inference(
            request, id: record.id, receivedAt: record.receivedAt, gate: service.gate, eventLoop: eventLoop,
            responder: self)
        inference.sequence = place
        self.inference = inference
        do throws(SluiceError) {
            try inference.begin()
        } catch {
            return end(error, summary: inference.summary)
        }
        var body = ReceivedBody(
            expected: message.bytes.readableBytes, limit: message.bytes.readableBytes, budget: service.bodies)
        _ = body.append(message.bytes)
        inference.perform(body.take())
    }

    /// Nobody waits for answers any more.
    func cancel(_ reason: SluiceError) {
        guard let inference else { return }
        self.inference = nil
        inference.cancel(reason)
        inference.openSequence?.end()
        service.metrics.requestsInFlight.decrement()
        service.recordAbandoned(record, summary: inference.summary)
    }

    private func end(_ failure: SluiceError?, summary: Answer.Summary) {
        guard let inference else { return }
        self.inference = nil
        service.metrics.requestsInFlight.decrement()
        if let failure {
            let document = ErrorDocument(failure, requestID: record.id).encoded()
            bytesOut += document.count
            session?.send(ByteBuffer(bytes: document), isBinary: false)
        }
        service.record(
            record, bytesIn: record.bytesIn, bytesOut: bytesOut, status: failure?.code.httpStatus ?? 200,
            code: failure?.code.text, summary: summary)
        session?.ended(self, answered: failure == nil ? inference : nil)
    }

    // MARK: Answers

    func finish(_ answer: Answer) {
        switch answer.content {
        case .outputs(let body, _):
            send(body, written: nil)
            end(nil, summary: answer.summary)
        case .failure(let error): end(error, summary: answer.summary)
        }
    }

    func beginStream(mediaType: String, summary: Answer.Summary) {}

    func writePart(_ body: EncodedBody, written: @escaping @Sendable () -> Void) {
        send(body, written: written)
    }

    func endStream(failure: SluiceError?) {
        guard let inference else { return }
        end(failure, summary: inference.summary)
    }

    private func send(_ body: EncodedBody, written: (@Sendable () -> Void)?) {
        guard let session else {
            written?()
            return
        }
        var message = ByteBuffer(body)
        // What is a line elsewhere is a message here.
        if !isBinaryAnswer, message.readableBytesView.last == UInt8(ascii: "\n") {
            message = message.getSlice(at: message.readerIndex, length: message.readableBytes - 1) ?? message
        }
        bytesOut += message.readableBytes
        session.send(message, isBinary: isBinaryAnswer, written: written)
    }
}
