internal import Codecs
internal import Configuration
internal import Gateway
internal import NIOCore
internal import Policies
internal import Tensors

/// One gRPC call on an HTTP/2 connection: finds its messages, writes its answers, holds its deadline.
///
/// Framing, compression, limits, headers and trailers are here; what a method means is in its `GRPCCall`.
final class GRPCStream: HTTP2Stream {
    /// Until `close`.
    private(set) var connection: HTTP2Connection?
    /// What holds for the call. A stream of requests takes it anew for each of them and holds none in between: one that is
    /// idle for days must not keep a revision's models.
    var service: Service { held ?? port.service }
    private var held: Service?
    private let port: Port
    let head: HTTP2RequestHead
    let eventLoop: any EventLoop
    private let id: HTTP2StreamID
    private(set) var clock: ConnectionClock
    private(set) var record: RequestRecord
    private(set) var deadline: MonotonicTime?
    private var timer: Scheduled<Void>?
    private var method = GRPCMethod.modelInfer
    private var call: (any GRPCCall)?
    private var reader: GRPCFrameReader
    private var sink: GRPCMessageSink?
    private var inflater: Inflater?
    private var messages = 0
    /// Bytes of the message that is coming in, or that the call works on.
    private var keptBytes = 0
    private var window: InboundWindow
    private var requestEnded = false
    private var hasSentHeaders = false
    private var isOver = false
    private var bytesOut = 0
    /// How answers are compressed: as the client compresses, where it can undo that, too.
    private var answerCoding: ContentCoding?
    /// What the header fields said of that.
    private var sentCoding: ContentCoding?

    /// From here on the call goes by what holds now.
    func takeServiceAnew() { held = port.service }

    /// Until the next request the call goes by whatever holds at the time.
    func letServiceGo() { held = nil }

    init(
        _ connection: HTTP2Connection, service: Service, id: HTTP2StreamID, head: HTTP2RequestHead,
        eventLoop: any EventLoop
    ) {
        self.connection = connection
        port = connection.port
        held = service
        self.id = id
        self.head = head
        self.eventLoop = eventLoop
        window = InboundWindow(size: connection.limits.streamWindow)
        let now = MonotonicTime.now
        clock = ConnectionClock(limits: service.limits, now: now)
        clock.enter(.body, now: now)
        reader = GRPCFrameReader(limit: service.listener.maxBody)
        record = RequestRecord(
            id: head.requestID ?? RequestID.make(), method: head.method, path: head.path, bytesIn: 0, receivedAt: now,
            remote: connection.remote)
    }

    // MARK: The request

    /// Who makes the call.
    var caller: Credentials {
        let service = service
        let revision = service.gate.revision.number
        if let known = head.caller, known.revision == revision { return known.credentials }
        let shown = service.shown(by: head.fields)
        let credentials = connection?.read(shown, for: service.gate) ?? service.gate.policies.read(shown)
        head.caller = (revision, credentials)
        return credentials
    }

    /// Decides what can be decided before the first message.
    func begin() {
        do throws(SluiceError) {
            if let failure = head.failure { throw failure }
            guard head.method == "POST" else {
                throw SluiceError(.methodNotAllowed, "gRPC calls are POST requests")
            }
            guard let method = head.grpcMethod, service.serves(method) else {
                throw SluiceError(.notFound, "there is no method \(head.target.prefix(128)) here")
            }
            self.method = method
            if let timeout = try head.grpc.timeoutNanoseconds() {
                guard timeout > 0 else { throw Self.tooLate }
                hold(deadline: timeout)
            }
            if let encoding = head.grpc.encoding, !Inflater.knows(encoding) {
                throw SluiceError(
                    .unsupportedMediaType,
                    "messages compressed as \"\(encoding.prefix(32))\" can't be read here; gzip and deflate can")
            }
            call = try makeCall(method)
            if method.isLong { letServiceGo() }
        } catch {
            finish(error)
        }
    }

    private func makeCall(_ method: GRPCMethod) throws(SluiceError) -> any GRPCCall {
        switch method {
        case .modelInfer:
            try service.checkCallerBeforeMessages(caller)
            return InferCall(self)
        case .modelStreamInfer:
            try service.checkCallerBeforeMessages(caller)
            return StreamInferCall(self)
        case .healthWatch:
            return HealthWatchCall(self)
        case .reflection, .reflectionAlpha:
            return ReflectionCall(self)
        case .repositoryIndex, .repositoryModelLoad, .repositoryModelUnload:
            guard service.listener.serves.contains(.repository) else { return UnaryCall(self, method: method) }
            return RepositoryCall(self, method: method, administrator: try service.administrator(of: head.fields))
        default:
            return UnaryCall(self, method: method)
        }
    }

    private func hold(deadline timeout: UInt64) {
        let deadline = record.receivedAt.advanced(byNanoseconds: timeout)
        self.deadline = deadline
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        timer = eventLoop.scheduleTask(in: .nanoseconds(Int64(clamping: timeout))) {
            bound.value.finish(Self.tooLate)
        }
    }

    func receive(_ piece: ByteBuffer) {
        record.bytesIn += piece.readableBytes
        if isOver { return }
        clock.enter(.body, now: .coarse)
        var piece = piece
        let size = piece.readableBytes
        do {
            if let message = reader.wholeMessage(piece) {
                try take(message)
            } else {
                while !isOver, let event = try reader.next(&piece) { try take(event) }
            }
        } catch {
            finish(error)
            return
        }
        if isFull {
            window.hold(size)
        } else if let increment = window.receive(size) {
            connection?.openWindow(of: id, by: increment)
        }
    }

    private var isFull: Bool { call?.isFull == true }

    /// The call has begun with a message that it held back.
    func readOn() {
        letGo()
        if isFull || requestEnded { return }
        if let increment = window.receive(0) { connection?.openWindow(of: id, by: increment) }
    }

    /// Takes a whole message that isn't compressed.
    private func take(_ message: ByteBuffer) throws(SluiceError) {
        try countMessage()
        inflater = nil
        try keep(message.readableBytes)
        var sink = GRPCMessageSink(isInference: method.isInference, length: message.readableBytes)
        try sink.append(message)
        try call?.receive(try sink.finish())
    }

    private func countMessage() throws(SluiceError) {
        messages += 1
        guard messages == 1 || method.streamsRequests else { throw Self.wrongNumber }
    }

    private func take(_ event: GRPCFrameReader.Event) throws(SluiceError) {
        switch event {
        case .begin(let isCompressed, let length):
            try countMessage()
            inflater = isCompressed ? try makeInflater() : nil
            if isCompressed, let coding = head.grpc.encoding.flatMap(ContentCoding.init),
                head.grpc.acceptedEncodings.contains(coding.rawValue[...])
            {
                answerCoding = coding
            }
            try keep(length)
            sink = GRPCMessageSink(
                isInference: method.isInference && !isCompressed, length: length)
        case .bytes(let bytes):
            if let inflater {
                // Where the message ends is only known once it is decompressed, so it is read then.
                let inflated = try inflater.inflate(bytes, limit: service.listener.maxBody)
                try sink?.append(inflated)
            } else {
                try sink?.append(bytes)
            }
        case .end:
            guard let sink = sink.take() else { return }
            var message = try sink.finish()
            if let inflater {
                try inflater.finish()
                self.inflater = nil
                if method.isInference, case .bytes(let bytes) = message { message = try Self.inferMessage(bytes) }
            }
            try call?.receive(message)
        }
    }

    private static func inferMessage(_ bytes: [UInt8]) throws(SluiceError) -> GRPCMessage {
        var sink = GRPCMessageSink(isInference: true, length: bytes.count)
        try sink.append(ByteBuffer(bytes: bytes))
        return try sink.finish()
    }

    private func makeInflater() throws(SluiceError) -> Inflater {
        guard let encoding = head.grpc.encoding, encoding != "identity" else {
            throw SluiceError(
                .malformedRequest, "a message is marked compressed, but grpc-encoding names no compression")
        }
        return try Inflater(encoding)
    }

    private static let tooLate = SluiceError(.deadlineExceeded, "the call's deadline has passed")
    private static let wrongNumber = SluiceError(.methodNotAllowed, "this method takes exactly one message")

    func receiveEnd() {
        guard !requestEnded else { return }
        requestEnded = true
        if isOver { return }
        clock.enter(.working, now: .coarse)
        do throws(SluiceError) {
            guard reader.isBetweenMessages else {
                throw SluiceError(.malformedBody, "the request ends in the middle of a message")
            }
            guard messages > 0 || method.streamsRequests else { throw Self.wrongNumber }
            try call?.receiveEnd()
        } catch {
            finish(error)
        }
    }

    func timeOut() {
        // A client may think as long as it likes between the messages of a stream; not in the middle of one.
        if method.streamsRequests && reader.isBetweenMessages {
            clock.enter(.working, now: .coarse)
        } else if isOver {
            connection?.reset(id, .cancel)
        } else {
            finish(SluiceError(.requestTimeout, "the message stopped coming"))
        }
    }

    func madeProgress() {
        if clock.phase == .writing { clock.enter(.writing, now: .coarse) }
    }

    func close() {
        timer?.cancel()
        letGo()
        if !isOver {
            isOver = true
            let reason = SluiceError(.cancelled, "the caller has gone")
            call?.cancel(reason)
            service.recordAbandoned(record, summary: call?.summary)
        }
        call = nil
        connection = nil
    }

    /// A message takes so many bytes of memory.
    private func keep(_ bytes: Int) throws(SluiceError) {
        guard service.bodies.reserve(bytes) else { throw service.noRoomForBody }
        keptBytes += bytes
        connection?.keep(bytes)
    }

    /// Nobody needs the messages any more that have come in so far.
    private func letGo() {
        service.bodies.release(keptBytes)
        connection?.keep(-keptBytes)
        keptBytes = 0
    }

    // MARK: The answer

    /// Sends one message; the first one brings the headers with it.
    ///
    /// - Parameter written: called once the client has taken it, or nobody wants it any more.
    func send(_ body: EncodedBody, summary: Answer.Summary?, written: (@Sendable () -> Void)? = nil) {
        guard let connection, !isOver else {
            written?()
            return
        }
        connection.together {
            if !hasSentHeaders {
                hasSentHeaders = true
                var head = beginHead(connection)
                if let summary { head.add(summary) }
                sentCoding = answerCoding
                if let sentCoding { head.field("grpc-encoding", sentCoding.rawValue) }
                connection.writeHead(head, on: id)
            }
            let compressed = compressed(body)
            let message = OutboundBody(message: compressed ?? body, isCompressed: compressed != nil)
            bytesOut += message.count - 5
            clock.enter(.writing, now: .coarse)
            connection.write(message, on: id, written: written)
        }
    }

    /// The message as a client that compresses gets it; `nil` where it goes out as it is.
    private func compressed(_ body: EncodedBody) -> EncodedBody? {
        guard let sentCoding, body.count >= Deflater.smallest,
            let bytes = Deflater.compress(body.segments, sentCoding)
        else { return nil }
        return EncodedBody(mediaType: body.mediaType, segments: [.bytes(bytes)])
    }

    /// Sends the only message and ends the call well.
    ///
    /// An answer in one piece for which there is room goes out as it is, head, message and trailers; others wait their turn.
    func answer(_ body: EncodedBody, summary: Answer.Summary) {
        guard let connection, !isOver else { return }
        guard !hasSentHeaders, answerCoding == nil, body.segments.count == 1, case .bytes(let bytes) = body.segments[0],
            connection.makeRoom(for: bytes.count + 5, on: id)
        else {
            return connection.together {
                send(body, summary: summary)
                finish(nil, summary: summary)
            }
        }
        isOver = true
        hasSentHeaders = true
        timer?.cancel()
        service.record(record, bytesIn: record.bytesIn, bytesOut: bytes.count, summary: summary)
        clock.enter(.writing, now: .coarse)
        connection.together {
            var head = beginHead(connection)
            head.add(summary)
            connection.writeHead(head, on: id)
            connection.writeWhole(message: bytes, trailers: Self.trailersOfSuccess, on: id)
        }
    }

    /// Sends one message of few bytes.
    func send(_ bytes: [UInt8]) {
        send(EncodedBody(mediaType: "application/grpc", segments: [.bytes(bytes)]), summary: nil)
    }

    /// The client has taken a message.
    func messageTaken() {
        if !isOver { clock.enter(.working, now: .coarse) }
    }

    private static let contentType = HTTP2ResponseHead.EncodedField(.contentType, "application/grpc")

    private func beginHead(_ connection: HTTP2Connection) -> HTTP2ResponseHead {
        var head = connection.beginHead(status: 200)
        head.field(Self.contentType)
        head.field(HTTP2ResponseHead.EncodedName.requestID, record.id)
        return head
    }

    /// Ends the call: well, or with what went wrong.
    func finish(_ error: SluiceError?, summary: Answer.Summary? = nil) {
        guard let connection, !isOver else { return }
        isOver = true
        timer?.cancel()
        let summary = summary ?? call?.summary ?? Answer.Summary(requestID: record.id)
        if let error { call?.cancel(error) }
        service.record(
            record, bytesIn: record.bytesIn, bytesOut: bytesOut, status: error?.code.httpStatus ?? 200,
            code: error?.code.text, summary: summary)
        clock.enter(.writing, now: .coarse)
        if let error {
            end(error, summary: summary, connection)
        } else {
            if !hasSentHeaders { connection.writeHead(beginHead(connection), on: id) }
            connection.write(OutboundBody([]), on: id, end: .trailers(Self.trailersOfSuccess))
        }
    }

    /// Sends a failure: behind the answers that there were, or in place of any.
    private func end(_ error: SluiceError, summary: Answer.Summary, _ connection: HTTP2Connection) {
        guard hasSentHeaders else {
            var head = beginHead(connection)
            head.add(summary)
            Self.add(error, to: &head)
            return connection.writeHead(head, on: id, endsStream: true)
        }
        var trailers = HTTP2ResponseHead()
        Self.add(error, to: &trailers)
        connection.write(OutboundBody([]), on: id, end: .trailers(trailers.finish()))
    }

    private static func add(_ error: SluiceError, to trailers: inout HTTP2ResponseHead) {
        trailers.field("grpc-status", String(GRPCStatus(error.code).rawValue))
        trailers.field("grpc-message", GRPCMessageText.encode(error.message))
        trailers.field("sluice-code", error.code.text)
        if error.code == .unsupportedMediaType { trailers.field("grpc-accept-encoding", "identity, deflate, gzip") }
        if let wait = error.retryAfterNanoseconds {
            trailers.field("grpc-retry-pushback-ms", String(max(1, (wait + 999_999) / 1_000_000)))
            trailers.field("retry-after", RateLimitStatus.retryAfterHeader(nanoseconds: wait))
        }
    }

    private static let trailersOfSuccess: [UInt8] = {
        var trailers = HTTP2ResponseHead()
        trailers.field("grpc-status", "0")
        return trailers.finish()
    }()
}
