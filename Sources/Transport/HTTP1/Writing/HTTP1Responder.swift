internal import Codecs
internal import Gateway
internal import NIOCore
internal import NIOHTTP1
internal import Policies
internal import Tensors

/// Writes one inference's answer to its HTTP/1.1 connection.
///
/// Invariant behind `@unchecked Sendable`: only used on the connection's event loop.
final class HTTP1Responder: Responder, @unchecked Sendable {
    private weak var connection: HTTP1Connection?
    private let requestID: String

    init(_ connection: HTTP1Connection, requestID: String) {
        self.connection = connection
        self.requestID = requestID
    }

    /// The connection, as long as it still waits for this very answer.
    private var waiting: HTTP1Connection? {
        guard let connection, connection.exchange?.id == requestID else { return nil }
        return connection
    }

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

extension HTTP1Connection {
    /// Writes an inference's whole answer.
    func write(_ answer: Answer) {
        switch answer.content {
        case .outputs(let body, let headerLength):
            var response = HTTPResponse(mediaType: body.mediaType, body: body.segments)
            response.inferenceHeaderLength = headerLength
            respond(response, summary: answer.summary)
        case .failure(let error):
            write(failure: error, summary: answer.summary)
        }
    }

    /// Writes an error.
    func write(failure: SluiceError, summary: Answer.Summary) {
        respond(service.response(to: failure, requestID: summary.requestID), summary: summary)
    }

    func beginStream(mediaType: String, summary: Answer.Summary) {
        guard let context, let exchange, !exchange.progress.answered else { return }
        self.exchange?.isStreaming = true
        // Without chunks (HTTP/1.0) the end of the connection is the end of the stream.
        if exchange.version.minor == 0 { self.exchange?.keepAlive = false }
        var head = ResponseHead(status: 200, version: exchange.version, into: ByteBuffer())
        head.field("content-type", mediaType)
        if exchange.version.minor > 0 { head.field("transfer-encoding", "chunked") }
        addCommonFields(to: &head, exchange: exchange, closes: self.exchange?.keepAlive == false)
        summary.write(to: &head)
        write(head.finish(), context: context)
        service.record(
            exchange.record, response: HTTPResponse(mediaType: mediaType, body: []), summary: summary)
        framing = StreamFraming(mediaType: mediaType)
    }

    func writePart(_ part: ByteBuffer, written: @escaping @Sendable () -> Void) {
        guard let context, let exchange, exchange.isStreaming else { return written() }
        clock.enter(.writing, now: .now)
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        write(framed(part, exchange: exchange, context: context), context: context) {
            bound.value.clock.enter(.working, now: .now)
            written()
        }
    }

    func endStream(failure: SluiceError?) {
        guard let context, let exchange, exchange.isStreaming, !exchange.progress.answered else { return }
        self.exchange?.progress.answered = true
        var last = framing.end(failure, requestID: exchange.id)
        if last.readableBytes > 0 { last = framed(last, exchange: exchange, context: context) }
        if exchange.version.minor > 0 { last.writeStaticString("0\r\n\r\n") }
        writeLast(last, context: context)
    }

    /// A part as the stream carries it: a chunk, or bare bytes for HTTP/1.0.
    private func framed(_ part: ByteBuffer, exchange: HTTP1Exchange, context: ChannelHandlerContext) -> ByteBuffer {
        exchange.version.minor > 0 ? .chunk(part, allocator: context.channel.allocator) : part
    }
}

extension Answer.Summary {
    /// Writes the header fields that tell how the answer came about.
    func write(to head: inout ResponseHead) {
        if let model { head.field("sluice-model", model) }
        if !failedAttempts.isEmpty { head.field("sluice-fallback", failedAttempts.joined(separator: ", ")) }
        if let cache { head.field("sluice-cache", cache) }
        if let quota {
            head.field("ratelimit-policy", quota.policyHeader)
            head.rateLimit(quota)
        }
    }
}
