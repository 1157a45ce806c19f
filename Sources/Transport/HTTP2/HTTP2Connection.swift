internal import Configuration
internal import Gateway
internal import NIOCore
internal import NIOHPACK
internal import NIOHTTP2
internal import Policies
internal import Telemetry
internal import Tensors

/// One HTTP/2 connection: gives each of its streams the frames that are its own, and opens windows again.
///
/// Streams are plain objects in a table, not channels of their own, which would cost more than most requests do.
/// `NIOHTTP2Handler` in front of it holds the protocol's states, header compression and outgoing flow control.
final class HTTP2Connection: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    let port: Port
    /// What holds for requests that begin now: each stream takes it once.
    var service: Service { port.service }
    private(set) var context: ChannelHandlerContext?
    /// The client's address.
    private(set) var remote: String?
    /// The names in the client's certificate, where it showed one.
    private var identity: String?
    let scratch: LoopScratch
    private var streams: [HTTP2StreamID: any HTTP2Stream] = [:]
    private var window = InboundWindow(size: HTTP2Limits.connectionWindow)
    /// The end of the last request; the connection is idle since then.
    private var clock: ConnectionClock
    private var timer: Scheduled<Void>?
    private var lastStreamID = HTTP2StreamID.rootStream
    private var isDraining = false
    private var isClosing = false
    /// While a read's frames come in, what is written waits for the read's end.
    private var isReading = false
    private var hasWritten = false
    /// The key that came in last, by which revision it was read, and what that made of it.
    private var lastKey: (text: String?, revision: Revision, key: PresentedKey)?
    /// Bytes of bodies that are kept for requests under way.
    private var keptBytes = 0

    init(port: Port, scratch: LoopScratch) {
        self.port = port
        self.scratch = scratch
        self.clock = ConnectionClock(limits: port.service.limits, now: .now)
    }

    /// A key as policies need it: clients send the same one with every call, and its digest takes a while.
    func presented(_ text: String?, to gate: Gate) -> PresentedKey {
        if let lastKey, lastKey.text == text, lastKey.revision.number == gate.revision.number { return lastKey.key }
        let key = gate.policies.read(text)
        lastKey = (text, gate.revision, key)
        return key
    }

    // MARK: The connection's life

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        remote = context.remoteAddress?.ipAddress
        identity = TLSIdentity.presented(by: context.pipeline.syncOperations)
        isReading = true
        // The connection's window starts at 65535 whatever the settings say.
        write(
            .init(
                streamID: .rootStream,
                payload: .windowUpdate(windowSizeIncrement: HTTP2Limits.connectionWindow - 65_535)))
        scheduleCheck(context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        self.context = nil
    }

    private func scheduleCheck(_ context: ChannelHandlerContext) {
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: .nanoseconds(Int64(clamping: clock.checkInterval))) {
            bound.value.check()
        }
    }

    private func check() {
        guard let context, context.channel.isActive else { return }
        let now = MonotonicTime.now
        if streams.isEmpty, clock.overdue(now: now) != nil {
            goAway(context)
            return
        }
        for (id, stream) in streams {
            switch stream.clock.overdue(now: now) {
            case .body, .header: stream.timeOut()
            case .writing, .idle: reset(id, .cancel)
            case nil: break
            }
        }
        scheduleCheck(context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        let left = streams
        streams = [:]
        for stream in left.values { end(stream) }
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case let closed as StreamClosedEvent:
            if let stream = streams.removeValue(forKey: closed.streamID) { end(stream) }
            if streams.isEmpty {
                clock.enter(.idle, now: .now)
                if isDraining { close(context) }
            }
        case is ConnectionEvent.Drain:
            goAway(context)
        default:
            break
        }
    }

    private func end(_ stream: any HTTP2Stream) {
        stream.close()
        service.metrics.requestsInFlight.decrement()
    }

    /// Says that no further requests are taken, and closes once the last one under way is answered.
    private func goAway(_ context: ChannelHandlerContext) {
        guard !isDraining else { return }
        isDraining = true
        write(
            .init(
                streamID: .rootStream,
                payload: .goAway(lastStreamID: lastStreamID, errorCode: .noError, opaqueData: nil)))
        if streams.isEmpty { close(context) }
    }

    private func close(_ context: ChannelHandlerContext) {
        guard !isClosing else { return }
        isClosing = true
        context.flush()
        ClosingHandler.close(context.channel)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // NIO has sent what the protocol asks for: RST_STREAM for a request that is wrong in itself, GOAWAY for all
        // else. Without the latter's end here the connection would go on.
        if !HTTP2Fault.concernsOneStream(error) { close(context) }
    }

    // MARK: Reading

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing else { return }
        isReading = true
        let frame = unwrapInboundIn(data)
        switch frame.payload {
        case .headers(let content):
            if let stream = streams[frame.streamID] {
                // Trailers: nothing in them matters here, but they end the request.
                if content.endStream { stream.receiveEnd() }
            } else {
                open(frame.streamID, content.headers, isEnd: content.endStream, context: context)
            }
        case .data(let content):
            receive(content, on: frame.streamID)
        case .goAway:
            isDraining = true
            if streams.isEmpty { close(context) }
        default:
            // Settings, windows, pings, priorities and resets are done with in front of here.
            break
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        if hasWritten {
            hasWritten = false
            context.flush()
        }
        context.fireChannelReadComplete()
    }

    private func open(_ id: HTTP2StreamID, _ headers: HPACKHeaders, isEnd: Bool, context: ChannelHandlerContext) {
        lastStreamID = max(lastStreamID, id)
        service.metrics.requestsInFlight.increment()
        clock.enter(.working, now: .now)
        let service = service
        let head = HTTP2RequestHead(headers, keyField: service.keyField, identity: identity)
        let stream: any HTTP2Stream
        if head.isGRPC {
            let call = GRPCStream(self, service: service, id: id, head: head, eventLoop: context.eventLoop)
            streams[id] = call
            call.begin()
            stream = call
        } else {
            let request = HTTP2RequestStream(self, service: service, id: id, head: head, eventLoop: context.eventLoop)
            streams[id] = request
            request.begin()
            stream = request
        }
        if isEnd { stream.receiveEnd() }
    }

    private func receive(_ content: HTTP2Frame.FramePayload.Data, on id: HTTP2StreamID) {
        let padding = content.paddingBytes.map { $0 + 1 } ?? 0
        let size = content.data.readableBytes + padding
        if keptBytes < 4 * service.listener.maxBody {
            if let increment = window.receive(size) {
                write(.init(streamID: .rootStream, payload: .windowUpdate(windowSizeIncrement: increment)))
            }
        } else {
            // So much is kept for requests under way that the client has to wait for some of them.
            window.hold(size)
        }
        guard let stream = streams[id], case .byteBuffer(let bytes) = content.data else { return }
        if bytes.readableBytes > 0 { stream.receive(bytes) }
        if content.endStream { stream.receiveEnd() }
    }

    /// A stream keeps so many bytes of its body more, or fewer.
    func keep(_ bytes: Int) {
        keptBytes += bytes
        if bytes < 0, keptBytes < 4 * service.listener.maxBody, let increment = window.receive(0) {
            write(.init(streamID: .rootStream, payload: .windowUpdate(windowSizeIncrement: increment)))
        }
    }

    // MARK: Writing

    /// Writes a frame; it goes out at the end of the read under way, or at once.
    func write(_ frame: HTTP2Frame, promise: EventLoopPromise<Void>? = nil) {
        guard let context else {
            promise?.fail(ChannelError.alreadyClosed)
            return
        }
        context.write(wrapOutboundOut(frame), promise: promise)
        if isReading { hasWritten = true } else { context.flush() }
    }

    /// Holds back the flush while `body` writes several frames.
    func together(_ body: () -> Void) {
        if isReading { return body() }
        isReading = true
        body()
        isReading = false
        if hasWritten {
            hasWritten = false
            context?.flush()
        }
    }

    func writeHeaders(
        _ headers: HPACKHeaders, on id: HTTP2StreamID, isEnd: Bool, promise: EventLoopPromise<Void>? = nil
    ) {
        write(.init(streamID: id, payload: .headers(.init(headers: headers, endStream: isEnd))), promise: promise)
    }

    func writeData(_ bytes: ByteBuffer, on id: HTTP2StreamID, isEnd: Bool, promise: EventLoopPromise<Void>? = nil) {
        write(.init(streamID: id, payload: .data(.init(data: .byteBuffer(bytes), endStream: isEnd))), promise: promise)
    }

    func openWindow(of id: HTTP2StreamID, by increment: Int) {
        write(.init(streamID: id, payload: .windowUpdate(windowSizeIncrement: increment)))
    }

    /// Ends a stream without its answer.
    func reset(_ id: HTTP2StreamID, _ code: HTTP2ErrorCode) {
        guard streams[id] != nil else { return }
        write(.init(streamID: id, payload: .rstStream(code)))
    }
}
