internal import Configuration
internal import Gateway
internal import NIOCore
internal import NIOWebSocket
internal import Telemetry
internal import Tensors

/// A connection that carries one sequence of requests as WebSocket messages, and their answers.
///
/// Messages are worked on one after the other: answers come in the order of their requests, and a model that keeps state
/// sees them in that order. While as many wait as may, nothing more is read, so that a client that sends faster than the
/// model works meets TCP's own back-pressure.
///
/// Invariant behind `@unchecked Sendable`: only used on the connection's event loop.
final class WebSocketSession: ChannelDuplexHandler, @unchecked Sendable {
    typealias InboundIn = WebSocketFrame
    typealias OutboundIn = Never
    typealias OutboundOut = WebSocketFrame

    private enum Phase {
        case open
        /// A close frame has gone out; the client's is to come.
        case closing
        case closed
    }

    /// Messages that wait for their turn.
    private static let mostWaiting = 16
    /// Pongs that wait for the client to read; one that asks for more doesn't want the answers.
    private static let mostWrites = 256
    private static let callerHasGone = SluiceError(.cancelled, "the caller has gone")

    private let port: Port
    private let plan: SessionPlan
    private let id: String
    private let path: String
    private let memory: SessionMemory
    private var remote: String?
    private var context: ChannelHandlerContext?
    private var phase = Phase.open
    private var sequence = SessionSequence()
    /// The place that a model keeps for the next message.
    private var openSequence: OpenSequence?
    private var waiting = CircularBuffer<SessionMessage>()
    private var turn: SessionTurn?
    private var turns = 0
    private var isStarting = false
    private var readIsHeld = false
    private var isDraining = false
    private var timer: Scheduled<Void>?
    private var receivedAt = MonotonicTime.now
    private var isPinged = false
    private var pendingWrites = 0
    private var writtenAt = MonotonicTime.now

    /// - Parameters:
    ///   - id: of the request that opened the session; messages have it with a number behind.
    init(port: Port, plan: SessionPlan, id: String, path: String, memory: SessionMemory) {
        self.port = port
        self.plan = plan
        self.id = id
        self.path = path
        self.memory = memory
    }

    // MARK: The connection's life

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        remote = context.remoteAddress?.ipAddress
        scheduleCheck()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        phase = .closed
        leave()
        timer?.cancel()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ConnectionEvent.Drain:
            isDraining = true
            waiting.removeAll()
            if turn == nil { close(.goingAway, "the gateway is ending") }
        case ChannelEvent.inputClosed:
            // Without a Close frame before it: the client has gone.
            context.close(promise: nil)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case is SessionMemory.Exhausted:
            close(.unknown(1013), "all requests together hold as much as they may")
        case NIOWebSocketError.invalidFrameLength, NIOWebSocketFrameAggregator.Error.accumulatedFrameSizeIsTooLarge,
            NIOWebSocketFrameAggregator.Error.tooManyFragments:
            close(.messageTooLarge, "messages have at most \(port.service.listener.maxBody) bytes")
        case is NIOWebSocketError, is NIOWebSocketFrameAggregator.Error:
            close(.protocolError, "")
        case is ByteToMessageDecoderError where phase == .closing:
            // The rest of what couldn't be read. To close before it has come would reset the connection, and the client
            // would lose the close frame that says why.
            break
        default:
            context.close(promise: nil)
        }
    }

    private func scheduleCheck() {
        guard let context else { return }
        let limits = port.service.limits
        let interval = max(20_000_000, min(limits.body, limits.idle) / 4)
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: .nanoseconds(Int64(clamping: interval))) { bound.value.check() }
    }

    /// Looks for clients that don't read, and for those that have gone without a word.
    private func check() {
        guard let context, phase != .closed else { return }
        let limits = port.service.limits
        let now = MonotonicTime.now
        if pendingWrites > 0, now.nanoseconds(since: writtenAt) >= limits.body {
            return context.close(promise: nil)
        }
        let silence = now.nanoseconds(since: receivedAt)
        if turn == nil, phase == .open {
            if silence >= limits.idle {
                close(.goingAway, "nothing has come for too long")
            } else if silence >= limits.idle / 2, !isPinged {
                isPinged = true
                write(.ping, ByteBuffer())
            }
        }
        scheduleCheck()
    }

    // MARK: Messages

    func read(context: ChannelHandlerContext) {
        if isFull { readIsHeld = true } else { context.read() }
    }

    /// Reads the first bytes, in case that was held back while the session was opened.
    func readFirst() {
        context?.read()
    }

    private var isFull: Bool { phase == .open && waiting.count >= Self.mostWaiting }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        receivedAt = .now
        isPinged = false
        let held = memory.take()
        guard phase == .open else {
            memory.release(held)
            if frame.opcode == .connectionClose { context.close(promise: nil) }
            return
        }
        // Fragments that were put together have lost their mask; all else must have one.
        guard frame.reservedBits.isEmpty else { return refuse(held, .protocolError, "") }
        switch frame.opcode {
        case .text, .binary:
            let message = SessionMessage(bytes: frame.unmaskedData, isBinary: frame.opcode == .binary, held: held)
            if !message.isBinary, !message.bytes.isUTF8 {
                return refuse(held, .dataInconsistentWithMessage, "a text message is UTF-8")
            }
            waiting.append(message)
            startNext()
        case .ping:
            memory.release(held)
            guard pendingWrites < Self.mostWrites else { return close(.policyViolation, "too many pings") }
            write(.pong, frame.unmaskedData)
        case .pong: memory.release(held)
        case .connectionClose:
            memory.release(held)
            leave()
            closeInReturn(frame.unmaskedData, context: context)
        default: refuse(held, .protocolError, "")
        }
    }

    private func refuse(_ held: Int, _ code: WebSocketErrorCode, _ reason: String) {
        memory.release(held)
        close(code, reason)
    }

    /// Starts messages until one takes its time; a loop, so that quick ones don't nest.
    private func startNext() {
        guard !isStarting else { return }
        isStarting = true
        defer { isStarting = false }
        while phase == .open, turn == nil, let context, let message = waiting.popFirst() {
            turns += 1
            // What is reloaded meanwhile holds from the next message on.
            let service = port.service
            let record = RequestRecord(
                id: "\(id)-\(turns)", method: "MESSAGE", path: path, bytesIn: message.bytes.readableBytes,
                receivedAt: .now, remote: remote)
            let turn = SessionTurn(
                self, service: service, record: record, held: message.held,
                isBinaryAnswer: plan.query.answers != .json)
            self.turn = turn
            turn.begin(
                plan.request(isBinary: message.isBinary, gate: service.gate), at: sequence.next, message,
                eventLoop: context.eventLoop)
            if readIsHeld, !isFull {
                readIsHeld = false
                context.read()
            }
        }
    }

    /// A message's last answer has gone out.
    ///
    /// - Parameter answered: what was answered; `nil` where that failed.
    func ended(_ ended: SessionTurn, answered: Inference?) {
        guard turn === ended else { return }
        turn = nil
        receivedAt = .now
        memory.release(ended.held)
        if let answered {
            sequence.answered(answered.place)
            openSequence = answered.openSequence
        }
        if isDraining || port.service.isDraining { return close(.goingAway, "the gateway is ending") }
        startNext()
    }

    /// Nobody waits for answers any more.
    private func leave() {
        for message in waiting { memory.release(message.held) }
        waiting.removeAll()
        if let turn {
            self.turn = nil
            memory.release(turn.held)
            turn.cancel(Self.callerHasGone)
        }
        openSequence?.end()
        openSequence = nil
    }

    // MARK: Writing

    /// Sends one message.
    func send(_ bytes: ByteBuffer, isBinary: Bool, written: (@Sendable () -> Void)? = nil) {
        guard phase == .open else {
            written?()
            return
        }
        write(isBinary ? .binary : .text, bytes, written: written)
    }

    private func write(_ opcode: WebSocketOpcode, _ bytes: ByteBuffer, written: (@Sendable () -> Void)? = nil) {
        guard let context else {
            written?()
            return
        }
        if pendingWrites == 0 { writtenAt = .now }
        pendingWrites += 1
        let promise = context.eventLoop.makePromise(of: Void.self)
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        promise.futureResult.whenComplete { _ in
            bound.value.pendingWrites -= 1
            bound.value.writtenAt = .now
            written?()
        }
        context.writeAndFlush(
            wrapOutboundOut(WebSocketFrame(fin: true, opcode: opcode, data: bytes)), promise: promise)
    }

    /// Ends the session, and the connection once the client agrees or a moment has passed.
    private func close(_ code: WebSocketErrorCode, _ reason: String) {
        guard phase == .open, let context else { return }
        leave()
        var bytes = ByteBuffer()
        bytes.write(webSocketErrorCode: code)
        // A control frame has room for 125 bytes.
        bytes.writeString(String(reason.prefix(100)))
        phase = .closing
        write(.connectionClose, bytes)
        // What is still held back must not hold up the client's own close.
        if readIsHeld {
            readIsHeld = false
            context.read()
        }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: .seconds(2)) { bound.value.context?.close(promise: nil) }
    }

    /// The client ends the session: it gets its own code back (RFC 6455, section 5.5.1).
    private func closeInReturn(_ data: ByteBuffer, context: ChannelHandlerContext) {
        phase = .closing
        var bytes = ByteBuffer()
        if let code = data.getInteger(at: data.readerIndex, as: UInt16.self) {
            // Some codes mean something, but may not be sent.
            let isAllowed = (1000..<1015).contains(code) && ![1004, 1005, 1006].contains(code)
            if isAllowed || (3000..<5000).contains(code) {
                bytes.writeInteger(code)
            } else {
                bytes.write(webSocketErrorCode: .protocolError)
            }
        } else if data.readableBytes > 0 {
            bytes.write(webSocketErrorCode: .protocolError)
        }
        let channel = context.channel
        write(.connectionClose, bytes) { channel.close(promise: nil) }
    }
}

extension ByteBuffer {
    /// Whether the readable bytes are UTF-8.
    fileprivate var isUTF8: Bool { (try? UTF8Span(validating: readableBytesUInt8Span)) != nil }
}
