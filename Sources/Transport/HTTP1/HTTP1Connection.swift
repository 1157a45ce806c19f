internal import Codecs
internal import Configuration
internal import Gateway
internal import NIOCore
internal import NIOHTTP1
internal import Telemetry
internal import Tensors

/// One HTTP/1.1 connection: takes requests one after the other, hands them to the gate, writes the answers in order.
///
/// While a request is under way nothing more is read, so a client that pipelines or floods meets TCP's own back-pressure.
final class HTTP1Connection: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    let service: Service
    var context: ChannelHandlerContext?
    /// The client's address.
    private var remote: String?
    /// The API key of a request to the catalogue.
    var key: String?
    /// The request under way.
    var exchange: HTTP1Exchange?
    var clock: ConnectionClock
    private var timer: Scheduled<Void>?
    /// Parts that came in one read with an earlier request.
    private var waitingParts = CircularBuffer<HTTPServerRequestPart>(initialCapacity: 2)
    private var isReceivingWaitingParts = false
    private var readIsHeld = false
    private var sawPartInThisRead = false
    /// A request that can't be understood came in behind the one under way.
    private var parserFailure: SluiceError?
    private var isClosing = false
    /// What comes in can't be understood any more: there may be unread bytes behind the last request.
    private var isUnreadable = false
    /// The end of a response waits in the channel for the client to make room.
    private var isWaitingForClient = false
    private var date = HTTPDate()
    /// Bytes of a refused body that are still read, so that the client can take the refusal.
    private var bytesToDiscard = 0

    /// A refused body up to this size is read to its end, and the connection lives on.
    static let drainableBody = 256 << 10
    private static let callerHasGone = SluiceError(.cancelled, "the caller has gone")

    init(service: Service) {
        self.service = service
        self.clock = ConnectionClock(limits: service.limits, now: .now)
    }

    // MARK: The connection's life

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { start(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        start(context)
        context.fireChannelActive()
    }

    private func start(_ context: ChannelHandlerContext) {
        guard timer == nil else { return }
        remote = context.remoteAddress?.ipAddress
        clock.enter(.idle, now: .now)
        scheduleCheck(context)
    }

    private func scheduleCheck(_ context: ChannelHandlerContext) {
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: .nanoseconds(Int64(clamping: clock.checkInterval))) {
            bound.value.check()
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        if let exchange {
            exchange.inference?.cancel(Self.callerHasGone)
            service.metrics.requestsInFlight.decrement()
            if !exchange.progress.answered { service.recordAbandoned(exchange) }
        }
        exchange = nil
        waitingParts.removeAll()
        isClosing = true
        context.fireChannelInactive()
    }

    private func check() {
        guard let context, context.channel.isActive, !isClosing else { return }
        switch clock.overdue(now: .now) {
        case nil:
            if service.isDraining && exchange == nil && clock.phase != .header { return close(context) }
            scheduleCheck(context)
        case .idle, .writing:
            exchange?.inference?.cancel(Self.callerHasGone)
            close(context)
        case .header:
            refuseUnreadable(SluiceError(.requestTimeout, "the request's headers took too long"), context: context)
        case .body:
            if exchange?.progress.answered == true {
                close(context)
            } else {
                exchange?.keepAlive = false
                refuse(SluiceError(.requestTimeout, "the request's body stopped coming"), context: context)
            }
        }
    }

    /// The server drains: close as soon as no request is under way.
    func drain() {
        guard let context, exchange == nil else { return }
        close(context)
    }

    /// Closes at once; what comes in behind is no request any more.
    private func close(_ context: ChannelHandlerContext) {
        isClosing = true
        context.close(promise: nil)
    }

    // MARK: Reading

    func read(context: ChannelHandlerContext) {
        if let exchange, exchange.progress.requestEnded {
            readIsHeld = true
        } else {
            context.read()
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        sawPartInThisRead = true
        let part = unwrapInboundIn(data)
        // Behind the last request of a connection nothing is a request, however much it looks like one.
        if isClosing {
            if case .body(let piece) = part { discard(piece, context: context) }
        } else if isReceivingWaitingParts || !waitingParts.isEmpty || exchange?.progress.requestEnded == true {
            waitingParts.append(part)
        } else {
            receive(part, context: context)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if !sawPartInThisRead && exchange == nil { clock.receivedPartOfHead(now: .now) }
        sawPartInThisRead = false
        context.fireChannelReadComplete()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let parserError = error as? HTTPParserError else {
            exchange?.inference?.cancel(Self.callerHasGone)
            return close(context)
        }
        if isClosing { return }
        // The client left in the middle of a request: there is nobody to answer.
        if parserError == .invalidEOFState { return close(context) }
        let failure = Self.failure(for: parserError)
        if let exchange, exchange.progress.requestEnded && !exchange.progress.answered {
            parserFailure = failure
        } else {
            refuseUnreadable(failure, context: context)
        }
    }

    private static func failure(for error: HTTPParserError) -> SluiceError {
        switch error {
        case .headerOverflow: SluiceError(.headersTooLarge, "the request's headers are too large or too many")
        case .invalidVersion: SluiceError(.malformedRequest, "only HTTP/1.0 and HTTP/1.1 are understood here")
        case .invalidMethod: SluiceError(.malformedRequest, "the request's method is unknown")
        case .invalidURL, .invalidHost, .invalidPort, .invalidPath, .invalidQueryString, .invalidFragment:
            SluiceError(.malformedRequest, "the request's target is malformed")
        case .invalidContentLength, .unexpectedContentLength:
            SluiceError(.malformedRequest, "the request's Content-Length is malformed or contradicts another field")
        case .invalidChunkSize: SluiceError(.malformedRequest, "the request's chunked body is malformed")
        case .invalidHeaderToken: SluiceError(.malformedRequest, "a header field of the request is malformed")
        default: SluiceError(.malformedRequest, "this is not a well-formed HTTP/1.1 request")
        }
    }

    private func receive(_ part: HTTPServerRequestPart, context: ChannelHandlerContext) {
        switch part {
        case .head(let head):
            receive(head, context: context)
        case .body(let piece):
            receive(piece, context: context)
        case .end:
            receiveEnd(context: context)
        }
    }

    private func receive(_ head: HTTPRequestHead, context: ChannelHandlerContext) {
        guard !isClosing else { return }
        let now = MonotonicTime.now
        clock.enter(.body, now: now)
        service.metrics.requestsInFlight.increment()
        exchange = HTTP1Exchange(head: head, receivedAt: now, bodyLimit: service.listener.maxBody, remote: remote)
        bytesToDiscard = Self.drainableBody
        do {
            try begin(head)
        } catch {
            // Another reader of such a head may see its body end elsewhere: no second request on this connection.
            if error.code == .malformedRequest { exchange?.keepAlive = false }
            refuse(error, context: context)
            return
        }
        if exchange?.expectsContinue == true && exchange?.progress.answered == false {
            let go = ByteBuffer(staticString: "HTTP/1.1 100 Continue\r\n\r\n")
            context.writeAndFlush(wrapOutboundOut(go), promise: nil)
        }
    }

    private func receive(_ piece: ByteBuffer, context: ChannelHandlerContext) {
        guard exchange != nil else { return discard(piece, context: context) }
        exchange?.bytesIn += piece.readableBytes
        if exchange?.progress.answered == true { return discard(piece, context: context) }
        clock.enter(.body, now: .now)
        if exchange?.body.append(piece, allocator: context.channel.allocator) == false {
            exchange?.keepAlive = false
            refuse(
                SluiceError(
                    .payloadTooLarge, "the body is larger than the \(service.listener.maxBody) bytes taken here",
                    detail: [.init("limit", service.listener.maxBody)]),
                context: context)
        }
    }

    /// Bytes that nobody wants any more; too many end the connection.
    private func discard(_ piece: ByteBuffer, context: ChannelHandlerContext) {
        bytesToDiscard -= piece.readableBytes
        if bytesToDiscard < 0 { close(context) }
    }

    private func receiveEnd(context: ChannelHandlerContext) {
        guard exchange != nil else { return }
        exchange?.progress.requestEnded = true
        if exchange?.progress.answered == true { return finishExchange(context: context) }
        clock.enter(.working, now: .now)
        perform(context: context)
    }

    // MARK: Writing

    /// Refuses the request under way; if its body is still to come, reads on for a while so that the client sees why.
    func refuse(_ error: SluiceError, context: ChannelHandlerContext) {
        guard let exchange, !exchange.progress.answered else { return }
        exchange.inference?.cancel(error)
        if exchange.expectsContinue && !exchange.progress.requestEnded { self.exchange?.keepAlive = false }
        var summary = Answer.Summary(requestID: exchange.id)
        summary.route = exchange.inference?.summary.route
        summary.consumer = exchange.inference?.summary.consumer
        summary.model = exchange.inference?.summary.model
        write(failure: error, summary: summary)
    }

    /// Refuses what can't even be read as a request, and closes.
    private func refuseUnreadable(_ error: SluiceError, context: ChannelHandlerContext) {
        guard !isClosing else { return }
        if exchange == nil {
            let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "-")
            exchange = HTTP1Exchange(head: head, receivedAt: .now, bodyLimit: 0, remote: remote)
            service.metrics.requestsInFlight.increment()
        }
        isUnreadable = true
        exchange?.keepAlive = false
        exchange?.progress.requestEnded = true
        if exchange?.progress.answered == true { return close(context) }
        refuse(error, context: context)
    }

    /// Writes a whole response and moves on.
    func respond(_ response: HTTPResponse, summary: Answer.Summary) {
        guard let context, let exchange, !exchange.progress.answered else { return }
        let closes = !exchange.keepAlive || service.isDraining
        self.exchange?.keepAlive = !closes
        self.exchange?.progress.answered = true
        let bodySize = response.body.readableBytes
        // A small body goes out with its head in one piece; a large one isn't copied for that.
        let isSmall = bodySize <= Self.smallBody
        var head = ResponseHead(
            status: response.status, version: exchange.version, allocator: context.channel.allocator,
            capacity: isSmall ? bodySize : 0)
        if let mediaType = response.mediaType { head.field("content-type", mediaType) }
        head.field("content-length", bodySize)
        addCommonFields(to: &head, exchange: exchange, closes: closes)
        if let length = response.inferenceHeaderLength { head.field("inference-header-content-length", length) }
        summary.write(to: &head)
        for field in response.fields { head.field(named: field.name, field.value) }
        var buffer = head.finish()
        if exchange.method != .HEAD && bodySize > 0 {
            var body = response.body
            if isSmall {
                buffer.writeBuffer(&body)
            } else {
                context.write(wrapOutboundOut(buffer), promise: nil)
                buffer = body
            }
        }
        service.record(exchange, response: response, summary: summary)
        writeLast(buffer, context: context)
    }

    /// Bodies up to this size are copied behind their head.
    private static let smallBody = 16 << 10

    func addCommonFields(to head: inout ResponseHead, exchange: HTTP1Exchange, closes: Bool) {
        head.field("x-request-id", exchange.id)
        head.field("date", date.value(secondsSince1970: WallClock.secondsSince1970))
        if closes {
            head.field("connection", "close")
        } else if exchange.version.minor == 0 {
            head.field("connection", "keep-alive")
        }
    }

    /// Writes the last bytes of a response; once the client has taken them, closes or goes on.
    func writeLast(_ buffer: ByteBuffer, context: ChannelHandlerContext) {
        clock.enter(.writing, now: .now)
        if exchange?.keepAlive == true {
            context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
            // Nearly always the kernel has taken it all by now; else a change of writability tells.
            if context.channel.isWritable { responseWritten() } else { isWaitingForClient = true }
        } else {
            let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
            context.writeAndFlush(wrapOutboundOut(buffer)).whenComplete { _ in bound.value.responseWritten() }
        }
    }

    private func responseWritten() {
        guard let context, let exchange else { return }
        if exchange.progress.requestEnded {
            finishExchange(context: context)
        } else if exchange.keepAlive {
            // The rest of the body is read and dropped, then the next request follows.
            clock.enter(.body, now: .now)
        } else {
            closeGently(context: context)
        }
    }

    /// Both the request and its answer are through.
    private func finishExchange(context: ChannelHandlerContext) {
        let keepAlive = exchange?.keepAlive ?? false
        exchange = nil
        service.metrics.requestsInFlight.decrement()
        guard keepAlive && !service.isDraining && !isUnreadable else { return closeGently(context: context) }
        clock.enter(.idle, now: .now)
        receiveWaitingParts(context: context)
    }

    /// Goes on with what came in behind the last request.
    ///
    /// A request that is answered at once leads back here; a loop instead of recursion keeps the stack flat however many
    /// requests a client pipelines.
    private func receiveWaitingParts(context: ChannelHandlerContext) {
        guard !isReceivingWaitingParts else { return }
        isReceivingWaitingParts = true
        defer { isReceivingWaitingParts = false }
        while exchange == nil || exchange?.progress.requestEnded == false, let part = waitingParts.popFirst() {
            receive(part, context: context)
        }
        if exchange == nil, waitingParts.isEmpty, let failure = parserFailure {
            parserFailure = nil
            refuseUnreadable(failure, context: context)
            return
        }
        if readIsHeld && exchange?.progress.requestEnded != true {
            readIsHeld = false
            context.read()
        }
    }

    /// Closes for writing first, and reads on for a moment: closing with unread bytes would reset the connection, and
    /// the client might lose the answer that it was sent (RFC 9112, section 9.6).
    private func closeGently(context: ChannelHandlerContext) {
        guard !isClosing else { return }
        isClosing = true
        waitingParts.removeAll()
        bytesToDiscard = 4 << 20
        context.close(mode: .output, promise: nil)
        timer?.cancel()
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: .seconds(2)) { bound.value.context?.close(promise: nil) }
        context.read()
    }

    /// The client takes its answer, if slowly.
    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if clock.phase == .writing { clock.enter(.writing, now: .now) }
        if isWaitingForClient && context.channel.isWritable {
            isWaitingForClient = false
            responseWritten()
        }
        context.fireChannelWritabilityChanged()
    }
}
