internal import Codecs
internal import Gateway
internal import NIOCore
internal import NIOHTTP1
internal import Tensors

extension HTTP1Connection {
    /// Bodies up to this size are copied behind their head, so that both go out in one piece.
    private static let smallBody = 16 << 10

    /// Writes a whole response and moves on.
    func respond(_ response: HTTPResponse, summary: Answer.Summary) {
        guard let context, let exchange, !exchange.progress.answered else { return }
        if let coding = exchange.meaning?.plan.answerEncoding, let compressed = response.compressed(coding) {
            return write(compressed, to: exchange, summary: summary, context: context)
        }
        write(response, to: exchange, summary: summary, context: context)
    }

    private func write(
        _ response: HTTPResponse, to exchange: HTTP1Exchange, summary: Answer.Summary, context: ChannelHandlerContext
    ) {
        let closes = !exchange.keepAlive || exchange.service.isDraining
        exchange.keepAlive = !closes
        exchange.progress.answered = true
        let bodySize = response.bodyByteCount
        var head = ResponseHead(status: response.status, version: exchange.version, into: scratch.take())
        if let mediaType = response.mediaType { head.field(.contentType, mediaType) }
        head.field(.contentLength, bodySize)
        addCommonFields(to: &head, exchange: exchange, closes: closes)
        if let length = response.inferenceHeaderLength { head.field(.inferenceHeaderLength, length) }
        summary.write(to: &head)
        for field in response.fields { head.field(named: field.name, field.value) }
        var bytes = head.finish()
        exchange.service.record(
            exchange.record, bytesIn: exchange.bytesIn, bytesOut: bodySize, status: response.status,
            code: response.errorCode, summary: summary)
        guard exchange.head.method != .HEAD, bodySize > 0 else {
            return writeLast(consume bytes, context: context)
        }
        // The last segment of a large body isn't copied: it goes out from where it lies.
        let isSmall = bodySize <= Self.smallBody
        for segment in isSmall ? response.body[...] : response.body.dropLast() { bytes.append(segment) }
        writeLast(consume bytes, isSmall ? nil : response.body.last, context: context)
    }

    func addCommonFields(to head: inout ResponseHead, exchange: HTTP1Exchange, closes: Bool) {
        head.field(.requestID, exchange.id)
        head.field(.date, scratch.date.value(secondsSince1970: WallClock.secondsSince1970))
        if closes {
            head.field("connection", "close")
        } else if exchange.version.minor == 0 {
            head.field("connection", "keep-alive")
        }
    }

    /// Writes the last bytes of a response; once the client has taken them, closes or goes on.
    ///
    /// - Parameter bytes: from `scratch`, which gets them back.
    func writeLast(_ bytes: consuming [UInt8], _ tail: EncodedBody.Segment? = nil, context: ChannelHandlerContext) {
        clock.enter(.writing, now: .coarse)
        if isInRound, tail == nil {
            heldAnswer = consume bytes
        } else {
            send(consume bytes, tail, context: context)
        }
    }

    func send(_ bytes: consuming [UInt8], _ tail: EncodedBody.Segment?, context: ChannelHandlerContext) {
        let sent = writeDirectly(bytes, tail)
        let whole = bytes.count + (tail?.byteCount ?? 0)
        if sent == whole {
            scratch.giveBack(consume bytes)
            return responseWritten()
        }
        // What the kernel doesn't take at once waits in the channel, in memory of its own.
        var rest = context.channel.allocator.buffer(capacity: whole - sent)
        rest.writeBytes(bytes[min(sent, bytes.count)...])
        if let tail { rest.write(tail, from: max(0, sent - bytes.count)) }
        scratch.giveBack(consume bytes)
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        write(rest, context: context) { bound.value.responseWritten() }
    }

    /// Writes past the channel, where that is allowed; how many bytes the kernel took.
    private func writeDirectly(
        _ bytes: borrowing [UInt8], _ tail: EncodedBody.Segment?
    ) -> Int {
        guard let socket, pendingWrites == 0, isActive else { return 0 }
        return unsafe bytes.withUnsafeBytes { first in
            switch tail {
            case nil: unsafe socket.write(first, UnsafeRawBufferPointer(start: nil, count: 0))
            case .bytes(let bytes): unsafe bytes.withUnsafeBytes { unsafe socket.write(first, $0) }
            case .tensor(let tensor): unsafe tensor.withBytes { unsafe socket.write(first, $0) }
            }
        }
    }

    /// Writes through the channel; nothing may overtake it on the way to the socket.
    func write(_ buffer: ByteBuffer, context: ChannelHandlerContext, whenWritten: (@Sendable () -> Void)? = nil) {
        pendingWrites += 1
        let promise = context.eventLoop.makePromise(of: Void.self)
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        promise.futureResult.whenComplete { _ in
            bound.value.pendingWrites -= 1
            whenWritten?()
        }
        context.writeAndFlush(wrapOutboundOut(buffer), promise: promise)
    }
}

extension ByteBuffer {
    /// Writes a segment of an answer, or what is left of it from a byte on.
    fileprivate mutating func write(_ segment: EncodedBody.Segment, from start: Int = 0) {
        switch segment {
        case .bytes(let bytes): writeBytes(bytes[start...])
        case .tensor(let tensor):
            unsafe tensor.withBytes { bytes in
                _ = unsafe writeBytes(UnsafeRawBufferPointer(rebasing: bytes[start...]))
            }
        }
    }
}

extension [UInt8] {
    /// Appends a segment of an answer.
    fileprivate mutating func append(_ segment: EncodedBody.Segment) {
        switch segment {
        case .bytes(let bytes): append(contentsOf: bytes)
        case .tensor(let tensor): unsafe tensor.withBytes { unsafe append(contentsOf: $0) }
        }
    }
}
