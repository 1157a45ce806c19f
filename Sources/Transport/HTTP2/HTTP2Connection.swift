internal import Configuration
internal import Gateway
internal import NIOCore
internal import Policies
internal import Telemetry
internal import Tensors

/// One HTTP/2 connection: reads frames, gives each stream those that are its own, and writes what they answer.
///
/// What frames are is `HTTP2FrameReader`'s to know, what they mean and whether they may come `HTTP2StateMachine`'s, what
/// header blocks say `HeaderBlockReader`'s, and what may be sent when `OutboundFlow`'s: plain structs all. Here are the
/// effects. Streams are plain objects in a table, not channels of their own, which would cost more than most requests do.
final class HTTP2Connection: ChannelInboundHandler, RoundMember {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Makes what one request is to the connection, by what its head says.
    typealias StreamMaker = (
        HTTP2Connection, Service, HTTP2StreamID, HTTP2RequestHead, any EventLoop
    ) -> any HTTP2Stream

    let port: Port
    /// What holds for requests that begin now: each stream takes it once.
    var service: Service { port.service }
    private(set) var context: ChannelHandlerContext?
    /// The client's address.
    private(set) var remote: String?
    let scratch: LoopScratch
    let limits: HTTP2Limits
    private let isPlain: Bool
    let makeStream: StreamMaker

    // Reading.
    var reader: HTTP2FrameReader
    var state: HTTP2StateMachine
    var blocks: HeaderBlockReader
    var streams = StreamTable<any HTTP2Stream>()
    var window: InboundWindow
    /// Bytes of bodies that are kept for requests under way.
    var keptBytes = 0
    /// From so many on the client has to wait; what the last request's revision says.
    var mostKeptBytes: Int
    /// Those of all revisions.
    let metrics: GatewayMetrics

    // Writing.
    var flow = OutboundFlow()
    /// Frames that haven't been handed to the socket; while a read's frames come in, they wait for the read's end.
    var outgoing = OutboundBuffer()
    /// What wants to hear that the bytes before it were taken.
    var whenWritten: [@Sendable () -> Void] = []
    var events: [OutboundFlow.Event] = []
    /// How many there are that wait for each other's flush.
    var holds = 0
    /// Frames of one read are answered together.
    private var isReading = false
    /// What was read waits for other connections of the loop, or what that was answered does.
    private var isInRound = false
    /// The client sends nothing more.
    private var inputHasEnded = false
    /// The socket itself, on connections whose bytes go out as they are.
    private(set) var socket: DirectSocket?
    /// Writes that wait in the channel for the client to make room, and the frames in them.
    var pendingWrites = 0
    var unsentFrames = 0

    /// The end of the last request; the connection is idle since then.
    var clock: ConnectionClock
    private var timer: Scheduled<Void>?
    private(set) var isDraining = false
    private(set) var isClosing = false
    /// What a call showed last of who makes it, by which revision it was read, and what that made of it.
    private var last: (shown: ShownCredentials, revision: Revision, credentials: Credentials)?

    /// - Parameter isPlain: nothing between here and the socket changes the bytes, as TLS would.
    init(
        port: Port, scratch: LoopScratch, isPlain: Bool, makeStream: @escaping StreamMaker = HTTP2Connection.stream
    ) {
        self.port = port
        self.scratch = scratch
        self.isPlain = isPlain
        self.makeStream = makeStream
        let service = port.service
        let limits = HTTP2Limits(service.listener)
        self.limits = limits
        metrics = service.metrics
        mostKeptBytes = 4 * service.listener.maxBody
        clock = ConnectionClock(limits: service.limits, now: .coarse)
        reader = HTTP2FrameReader(limits: limits.reading)
        state = HTTP2StateMachine(limits: limits)
        blocks = HeaderBlockReader(limit: limits.headerList, peer: .unknown)
        window = InboundWindow(size: limits.connectionWindow)
    }

    /// What a call shows, as policies need it: clients send the same with every call, and its digest takes a while.
    func read(_ shown: ShownCredentials, for gate: Gate) -> Credentials {
        if let last, last.revision.number == gate.revision.number, last.shown == shown { return last.credentials }
        let credentials = gate.policies.read(shown)
        last = (shown, gate.revision, credentials)
        return credentials
    }

    // MARK: The connection's life

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        remote = context.remoteAddress?.ipAddress
        if isPlain {
            socket = DirectSocket(context.channel)
            ReadRound.joins(context.channel)
        }
        blocks = HeaderBlockReader(limit: limits.headerList, peer: Peer(of: context, isPlain: isPlain))
        // The first read is being handed on; it goes out with what that is answered.
        isReading = true
        greet()
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
        guard let context, context.channel.isActive, !isClosing else { return }
        let now = MonotonicTime.coarse
        if streams.isEmpty, clock.overdue(now: now) != nil { return goAway() }
        together {
            for (id, stream) in zip(streams.ids, streams.values) {
                switch stream.clock.overdue(now: now) {
                case .body, .header: stream.timeOut()
                case .writing, .idle: reset(id, .cancel)
                case nil: break
                }
            }
        }
        scheduleCheck(context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        isClosing = true
        endStreams()
        outgoing = OutboundBuffer()
        takeWritten()
        context.fireChannelInactive()
    }

    private func endStreams() {
        let left = streams
        streams = StreamTable()
        for (id, stream) in zip(left.ids, left.values) {
            whenWritten += flow.remove(id)
            end(stream)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ConnectionEvent.Drain: goAway()
        case ChannelEvent.inputClosed:
            inputHasEnded = true
            if !isReading { context.close(promise: nil) }
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    /// A stream is over, as far as the client can tell.
    func removeStream(_ id: HTTP2StreamID) {
        let told = flow.remove(id)
        if !told.isEmpty { whenWritten += told }
        guard let stream = streams.remove(id) else { return }
        end(stream)
        if streams.isEmpty {
            clock.enter(.idle, now: .coarse)
            if isDraining { close() }
        }
    }

    private func end(_ stream: any HTTP2Stream) {
        stream.close()
        metrics.requestsInFlight.decrement()
    }

    /// Says that no further requests are taken, and closes once the last one under way is answered.
    func goAway() {
        guard !isDraining, !isClosing else { return }
        isDraining = true
        together {
            outgoing.bytes.appendGoAway(lastStream: state.goAway(), .noError)
            if streams.isEmpty { close() }
        }
    }

    /// The client takes no further answers.
    func receiveGoAway() {
        isDraining = true
        if streams.isEmpty { close() }
    }

    /// Ends the connection for what its client did wrong.
    func fail(_ fault: HTTP2Fault) {
        guard !isClosing else { return }
        outgoing.bytes.appendGoAway(lastStream: state.lastStream, fault.code, reason: fault.reason)
        close()
        endStreams()
        takeWritten()
    }

    /// Closes once what was written is on its way.
    private func close() {
        guard !isClosing, let context else { return }
        isClosing = true
        flush()
        ClosingHandler.close(context.channel)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // The connection itself is broken: nobody is there to be told.
        isClosing = true
        context.close(promise: nil)
    }

    // MARK: The channel's events

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing else { return }
        isReading = true
        let bytes = unwrapInboundIn(data)
        reader.append(bytes)
        if isPlain, bytes.readableBytes <= ReadRound.shortRead {
            if isInRound { return }
            isInRound = true
            scratch.round.add(self, eventLoop: context.eventLoop)
        } else {
            takeRead()
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if isReading, !isInRound { answerRead() }
        context.fireChannelReadComplete()
    }

    func takeRead() {
        holds += 1
        receive()
        holds -= 1
    }

    func answerRead() {
        isReading = false
        isInRound = false
        flushUnlessHeld()
        if inputHasEnded { context?.close(promise: nil) }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { flushUnlessHeld() }
        context.fireChannelWritabilityChanged()
    }

    /// Whether what is written now goes out later, together with more.
    var isHeld: Bool { holds > 0 || isReading }
}
