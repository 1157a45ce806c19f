internal import Codecs
internal import Configuration
internal import Gateway
internal import NIOCore
internal import NIOHTTP1
internal import Policies
internal import Telemetry
internal import Tensors

/// One HTTP/1.1 connection: takes requests one after the other, hands them to the gate, writes the answers in order.
///
/// While a request is under way no more is read than one piece, so a client that pipelines or floods meets TCP's own
/// back-pressure.
/// Requests written the usual way are read by `RequestReader`; at the first one that isn't, NIO's parser takes over.
final class HTTP1Connection: ChannelDuplexHandler, RoundMember {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    let port: Port
    /// What the request under way goes by; between requests what the next one would.
    var service: Service { exchange?.service ?? port.service }
    var context: ChannelHandlerContext?
    /// The client's address.
    var remote: String?
    /// The request under way.
    var exchange: HTTP1Exchange?
    var clock: ConnectionClock
    var timer: Scheduled<Void>?
    var reader: RequestReader
    /// What NIO's parser made of bytes that came in one read with an earlier request; `nil` as long as it isn't needed.
    var waitingParts: CircularBuffer<HTTPServerRequestPart>?
    var isReceiving = false
    /// What was read waits to be taken, or what that was answered waits to be sent.
    private(set) var isInRound = false
    /// An answer that waits for the end of the round; from `scratch`.
    var heldAnswer: [UInt8]?
    /// The client sends nothing more.
    private(set) var inputHasEnded = false
    var readIsHeld = false
    private var sawPartInThisRead = false
    /// A request that can't be understood came in behind the one under way.
    private var parserFailure: SluiceError?
    var isClosing = false
    /// Whether the channel is open; by itself, as asking the channel costs more than all else that is asked here.
    private(set) var isActive = false
    /// What comes in can't be understood any more: there may be unread bytes behind the last request.
    var isUnreadable = false
    /// Where answers are put together.
    let scratch: LoopScratch
    /// The socket itself, on connections whose bytes go out as they are.
    private(set) var socket: DirectSocket?
    private let isPlain: Bool
    /// What is known of the client before it has said anything.
    private(set) var peer = Peer.unknown
    /// Writes that wait in the channel for the client to make room.
    var pendingWrites = 0
    /// How the answer in parts under way ends.
    var framing = StreamFraming(mediaType: "")
    /// Bytes of a refused body that are still read, so that the client can take the refusal.
    var bytesToDiscard = 0

    /// A refused body up to this size is read to its end, and the connection lives on.
    static let drainableBody = 256 << 10
    /// So much is read past the channel before other connections get their turn.
    private static let directReadLimit = 4 << 20
    private static let smallestDirectRead = 32 << 10
    private static let callerHasGone = SluiceError(.cancelled, "the caller has gone")

    /// - Parameter isPlain: nothing between here and the socket changes the bytes, as TLS would.
    init(port: Port, scratch: LoopScratch, isPlain: Bool) {
        let service = port.service
        self.port = port
        self.scratch = scratch
        self.isPlain = isPlain
        self.clock = ConnectionClock(limits: service.limits, now: .coarse)
        self.reader = RequestReader(known: service.knownFields)
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
        isActive = true
        remote = context.remoteAddress?.ipAddress
        peer = Peer(of: context, isPlain: isPlain)
        if isPlain {
            socket = DirectSocket(context.channel)
            ReadRound.joins(context.channel)
        }
        clock.enter(.idle, now: .coarse)
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
            exchange.cancel(Self.callerHasGone)
            service.metrics.requestsInFlight.decrement()
            if !exchange.progress.answered {
                service.recordAbandoned(exchange.record, summary: exchange.summary)
            }
        }
        dropExchange()
        isClosing = true
        isActive = false
        dropUnread()
        context.fireChannelInactive()
    }

    private func check() {
        guard let context, isActive, !isClosing else { return }
        switch clock.overdue(now: .coarse) {
        case nil:
            if service.isDraining && exchange == nil && clock.phase != .header { return close(context) }
            scheduleCheck(context)
        case .idle, .writing:
            exchange?.cancel(Self.callerHasGone)
            close(context)
        case .header:
            refuseUnreadable(SluiceError(.requestTimeout, "the request's headers took too long"), context: context)
        case .body:
            if exchange?.progress.answered == true {
                close(context)
            } else if let batches = exchange?.batches {
                batches.timeOut()
                scheduleCheck(context)
            } else {
                exchange?.keepAlive = false
                refuse(SluiceError(.requestTimeout, "the request's body stopped coming"), context: context)
            }
        }
    }

    /// The server drains: close as soon as no request is under way.
    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ConnectionEvent.Drain:
            if exchange == nil { close(context) }
        case ChannelEvent.inputClosed:
            inputHasEnded = true
            if !isInRound { context.close(promise: nil) }
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    /// Closes at once; what comes in behind is no request any more.
    func close(_ context: ChannelHandlerContext) {
        isClosing = true
        context.close(promise: nil)
    }

    // MARK: Reading

    func read(context: ChannelHandlerContext) {
        if holdsReading {
            readIsHeld = true
        } else {
            context.read()
        }
    }

    /// Whether nothing more is read for the time being. While a request is answered, reading goes on until something comes:
    /// that is seldom, and to cease and begin again for each request would take two system calls.
    private var holdsReading: Bool {
        guard let exchange else { return false }
        if exchange.progress.requestEnded { return reader.hasUnread || waitingParts != nil || parserFailure != nil }
        return exchange.holdsReading
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        // Behind the last request of a connection nothing is a request, however much it looks like one.
        if isClosing { return discard(bytes, context: context) }
        reader.append(bytes)
        if isPlain, waitingParts == nil, bytes.readableBytes <= ReadRound.shortRead {
            if isInRound { return }
            isInRound = true
            scratch.round.add(self, eventLoop: context.eventLoop)
        } else {
            receive(context: context)
        }
    }

    func takeRead() {
        guard let context else { return }
        receive(context: context)
        endRead()
    }

    func answerRead() {
        isInRound = false
        guard let context else { return }
        if let answer = heldAnswer.take() {
            send(answer, nil, context: context)
            receive(context: context)
        }
        if inputHasEnded { context.close(promise: nil) }
    }

    /// Takes what NIO's parser makes of the bytes, once it has taken over.
    func receiveParsed(_ part: HTTPServerRequestPart, context: ChannelHandlerContext) {
        sawPartInThisRead = true
        if isClosing {
            if case .body(let piece) = part { discard(piece, context: context) }
        } else {
            waitingParts?.append(part)
            receive(context: context)
        }
    }

    /// Goes on with what has come in, until a request is all there and has to be answered first.
    ///
    /// A request that is answered at once leads back here; a loop instead of recursion keeps the stack flat however many
    /// requests a client pipelines.
    func receive(context: ChannelHandlerContext) {
        guard !isReceiving else { return }
        isReceiving = true
        defer { isReceiving = false }
        while !isClosing, heldAnswer == nil, exchange?.progress.requestEnded != true {
            if waitingParts != nil {
                guard let part = waitingParts?.popFirst() else { break }
                switch part {
                case .head(let head): receive(RequestHead(head), service: port.service, context: context)
                case .body(let piece): receive(piece, context: context)
                case .end: receiveEnd(context: context)
                }
                continue
            }
            // A request goes by what its head was read by.
            let service: Service
            if let exchange {
                service = exchange.service
            } else {
                guard reader.hasUnread else { break }
                service = port.service
                reader.follow(service.gate.revision, known: service.knownFields)
            }
            guard let event = reader.next() else { break }
            sawPartInThisRead = true
            switch event {
            case .head(let head): receive(head, service: service, context: context)
            case .body(let piece):
                receive(piece, context: context)
                receiveDirectly(context: context)
            case .end: receiveEnd(context: context)
            case .unusual: handOver(context: context)
            }
        }
        if let failure = parserFailure, !isClosing, heldAnswer == nil, exchange?.progress.requestEnded != true {
            parserFailure = nil
            refuseUnreadable(failure, context: context)
        }
    }

    /// Reads more of a large body straight into the memory that the plugin will read, past the channel's buffers.
    private func receiveDirectly(context: ChannelHandlerContext) {
        let left = min(reader.bodyBytesLeft, Self.directReadLimit)
        guard left >= Self.smallestDirectRead, let socket, !reader.hasUnread, !isClosing, isActive,
            exchange?.progress.answered == false
        else { return }
        let count = unsafe exchange?.body.fill(upTo: left) { unsafe socket.read(into: $0) } ?? 0
        exchange?.bytesIn += count
        reader.passOver(count)
    }

    /// Leaves this connection's requests to NIO's parser from here on.
    private func handOver(context: ChannelHandlerContext) {
        waitingParts = CircularBuffer(initialCapacity: 4)
        do {
            try ParsedRequests.insert(before: self, context: context, bytes: reader.takeUnread())
        } catch {
            close(context)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if !isInRound { endRead() }
        context.fireChannelReadComplete()
    }

    private func endRead() {
        if !sawPartInThisRead && exchange == nil { clock.receivedPartOfHead(now: .coarse) }
        sawPartInThisRead = false
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let parserError = error as? HTTPParserError else {
            exchange?.cancel(Self.callerHasGone)
            return close(context)
        }
        if isClosing { return }
        // The client left in the middle of a request: there is nobody to answer.
        if parserError == .invalidEOFState { return close(context) }
        // Its turn comes after the requests before it.
        parserFailure = Self.failure(for: parserError)
        receive(context: context)
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

    /// - Parameter service: the one by which the head was read.
    private func receive(_ head: RequestHead, service: Service, context: ChannelHandlerContext) {
        guard !isClosing else { return }
        let now = MonotonicTime.now
        clock.enter(.body, now: now)
        service.metrics.requestsInFlight.increment()
        clock.limits = service.limits
        let exchange = HTTP1Exchange(
            head: head, connection: self, service: service, receivedAt: now, remote: remote)
        self.exchange = exchange
        bytesToDiscard = Self.drainableBody
        do {
            try begin(exchange)
        } catch {
            // Another reader of such a head may see its body end elsewhere: no second request on this connection.
            if error.code == .malformedRequest { exchange.keepAlive = false }
            refuse(error, context: context)
            return
        }
        if exchange.expectsContinue && !exchange.progress.answered {
            write(ByteBuffer(staticString: "HTTP/1.1 100 Continue\r\n\r\n"), context: context)
        }
    }

    private func receive(_ piece: ByteBuffer, context: ChannelHandlerContext) {
        guard let exchange else { return discard(piece, context: context) }
        exchange.bytesIn += piece.readableBytes
        if exchange.progress.answered { return discard(piece, context: context) }
        clock.enter(.body, now: .coarse)
        if let batches = exchange.batches { return batches.receive(piece) }
        let refusal: SluiceError
        switch exchange.body.append(piece) {
        case .ok: return
        case .tooLarge: refusal = exchange.service.bodyTooLarge
        case .noRoom: refusal = exchange.service.noRoomForBody
        case .damaged: refusal = exchange.body.failure ?? exchange.service.bodyTooLarge
        }
        exchange.keepAlive = false
        refuse(refusal, context: context)
    }

    /// Bytes that nobody wants any more; too many end the connection.
    private func discard(_ piece: ByteBuffer, context: ChannelHandlerContext) {
        bytesToDiscard -= piece.readableBytes
        if bytesToDiscard < 0 { close(context) }
    }

    private func receiveEnd(context: ChannelHandlerContext) {
        guard let exchange else { return }
        exchange.progress.requestEnded = true
        if exchange.progress.answered { return finishExchange(context: context) }
        clock.enter(.working, now: .coarse)
        perform(exchange, context: context)
    }

    /// The client takes its answer, if slowly.
    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if clock.phase == .writing { clock.enter(.writing, now: .coarse) }
        context.fireChannelWritabilityChanged()
    }
}
