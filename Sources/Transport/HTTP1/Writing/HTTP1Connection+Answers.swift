internal import Codecs
internal import Gateway
internal import NIOCore
internal import NIOHTTP1
internal import Policies
internal import Tensors

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
        respond(
            service.response(to: failure, requestID: summary.requestID, path: exchange?.head.path ?? ""),
            summary: summary)
    }

    func beginStream(mediaType: String, summary: Answer.Summary) {
        guard let exchange, !exchange.progress.answered else { return }
        beginParts(mediaType: mediaType, summary: summary)
        service.record(exchange.record, bytesIn: exchange.bytesIn, bytesOut: 0, summary: summary)
    }

    /// Writes the head of an answer in parts.
    func beginParts(mediaType: String, summary: Answer.Summary) {
        guard let context, let exchange, !exchange.progress.answered else { return }
        exchange.isStreaming = true
        // Without chunks (HTTP/1.0) the end of the connection is the end of the stream.
        if exchange.version.minor == 0 { exchange.keepAlive = false }
        var head = ResponseHead(status: 200, version: exchange.version, into: [])
        head.field("content-type", mediaType)
        if exchange.version.minor > 0 { head.field("transfer-encoding", "chunked") }
        addCommonFields(to: &head, exchange: exchange, closes: !exchange.keepAlive)
        summary.write(to: &head)
        write(ByteBuffer(bytes: head.finish()), context: context)
        framing = StreamFraming(mediaType: mediaType, path: exchange.head.path)
    }

    func writePart(_ part: ByteBuffer, written: @escaping @Sendable () -> Void) {
        guard let context, let exchange, exchange.isStreaming else { return written() }
        clock.enter(.writing, now: .coarse)
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        write(framed(part, exchange: exchange, context: context), context: context) {
            bound.value.clock.enter(.working, now: .coarse)
            written()
        }
    }

    func endStream(failure: SluiceError?) {
        guard let context, let exchange, exchange.isStreaming, !exchange.progress.answered else { return }
        exchange.progress.answered = true
        var last = framing.end(failure, requestID: exchange.id)
        if last.readableBytes > 0 { last = framed(last, exchange: exchange, context: context) }
        if exchange.version.minor > 0 { last.writeStaticString("0\r\n\r\n") }
        writeLast(Array(buffer: last), context: context)
    }

    /// A part as the stream carries it: a chunk, or bare bytes for HTTP/1.0.
    func framed(_ part: ByteBuffer, exchange: HTTP1Exchange, context: ChannelHandlerContext) -> ByteBuffer {
        exchange.version.minor > 0 ? .chunk(part, allocator: context.channel.allocator) : part
    }
}

extension Answer.Summary {
    /// Writes the header fields that tell how the answer came about.
    func write(to head: inout ResponseHead) {
        if let model { head.field(.model, model) }
        if !failedAttempts.isEmpty { head.field("sluice-fallback", failedAttempts.joined(separator: ", ")) }
        if let rung { head.field("sluice-rung", rung) }
        if let cache { head.field("sluice-cache", cache) }
        if let ageSeconds { head.field("age", ageSeconds) }
        if let quota {
            head.field(.rateLimitPolicy, quota.policyHeader)
            head.rateLimit(quota)
        }
    }
}
