internal import Codecs
internal import Gateway
internal import NIOCore
internal import NIOHTTP1
internal import Tensors

/// One request on an HTTP/1.1 connection and what is known of it so far; takes its answer to the connection, too.
///
/// It and its connection, and it and its inference, hold each other as long as the request is under way: `part` ends that.
///
/// Invariant behind `@unchecked Sendable`: only used on the connection's event loop.
final class HTTP1Exchange: Responder, @unchecked Sendable {
    /// How far the request has come in, and the answer gone out.
    struct Progress: Equatable {
        var requestEnded = false
        var answered = false
    }

    let connection: HTTP1Connection
    /// What holds for this request, whatever is reloaded meanwhile.
    let service: Service
    let head: RequestHead
    /// The client's own id where it sent one that may be used.
    var id: String
    var keepAlive: Bool
    let receivedAt: MonotonicTime
    var progress = Progress()
    /// What the head means, once that is known.
    var meaning: HeadMeaning?
    private(set) var inference: Inference?
    /// The rows that it answers in batches.
    var batches: BatchBody?
    /// What the client sent to open a session.
    var session: OpenedSession?
    var body: ReceivedBody
    var bytesIn = 0
    /// A client that waits for "100 Continue" and gets something else may or may not send its body.
    var expectsContinue = false
    var isStreaming = false
    /// The client's address.
    private let remote: String?

    init(
        head: RequestHead, connection: HTTP1Connection, service: Service, receivedAt: MonotonicTime, remote: String?
    ) {
        self.head = head
        self.connection = connection
        self.service = service
        self.id = RequestID.make()
        self.keepAlive = head.isKeepAlive
        self.receivedAt = receivedAt
        self.remote = remote
        self.body = ReceivedBody(expected: nil, limit: 0, budget: service.bodies)
    }

    var version: HTTPVersion { head.version }

    /// The request as logs and metrics see it.
    var record: RequestRecord {
        RequestRecord(
            id: id, method: head.method.rawValue, path: head.path, bytesIn: bytesIn, receivedAt: receivedAt,
            remote: remote)
    }

    /// Starts the inference that the head asks for.
    ///
    /// - Throws: what to tell the caller instead of reading the body.
    func begin(_ request: InferenceRequest, eventLoop: any EventLoop) throws(SluiceError) {
        let inference = Inference(
            request, id: id, receivedAt: receivedAt, gate: service.gate, eventLoop: eventLoop, responder: self)
        self.inference = inference
        try inference.begin()
    }

    /// The request is over, for its connection: nothing holds anything any more.
    func part() {
        body.release()
        inference = nil
        batches = nil
    }

    /// Whether no more of the body is wanted for the time being.
    var holdsReading: Bool { !progress.answered && batches?.wantsMore == false }

    /// How the answer came about, as far as it has come.
    var summary: Answer.Summary? { inference?.summary ?? batches?.stream.summary }

    /// Nobody waits for the answer any more.
    func cancel(_ reason: SluiceError) {
        inference?.cancel(reason)
        batches?.stream.cancel(reason)
    }

    // MARK: The answer

    /// The connection, as long as it still waits for this very answer.
    var waiting: HTTP1Connection? { connection.exchange === self ? connection : nil }

    func finish(_ answer: Answer) {
        waiting?.write(answer)
    }

    func beginStream(mediaType: String, summary: Answer.Summary) {
        waiting?.beginStream(mediaType: mediaType, summary: summary)
    }

    func writePart(_ body: EncodedBody, written: @escaping @Sendable () -> Void) {
        guard let connection = waiting else { return written() }
        connection.writePart(ByteBuffer(body), written: written)
    }

    func endStream(failure: SluiceError?) {
        waiting?.endStream(failure: failure)
    }
}
