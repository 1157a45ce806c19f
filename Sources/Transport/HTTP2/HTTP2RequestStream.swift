internal import Codecs
internal import Configuration
internal import Gateway
internal import NIOCore
internal import Tensors

/// One plain HTTP request on an HTTP/2 connection: the same endpoints as over HTTP/1.1, in other frames.
///
/// Invariant behind `@unchecked Sendable`: only used on the connection's event loop.
final class HTTP2RequestStream: HTTP2Stream, @unchecked Sendable {
    /// Until `close`.
    var connection: HTTP2Connection?
    let service: Service
    let id: HTTP2StreamID
    let head: HTTP2RequestHead
    let eventLoop: any EventLoop
    var clock: ConnectionClock
    var record: RequestRecord
    private var plan: RequestPlan?
    private var inference: Inference?
    /// The rows that it answers in batches, and bytes of the body that it had no window opened for yet.
    var batches: BatchBody?
    var unopenedBytes = 0
    private var body: ReceivedBody
    var window: InboundWindow
    /// Bytes of the body that the connection counts as kept.
    var keptBytes = 0
    var requestEnded = false
    var answered = false
    private var framing: StreamFraming?

    /// - Parameter service: the one by which the head was read.
    init(
        _ connection: HTTP2Connection, service: Service, id: HTTP2StreamID, head: HTTP2RequestHead,
        eventLoop: any EventLoop
    ) {
        self.connection = connection
        self.service = service
        self.id = id
        self.head = head
        self.eventLoop = eventLoop
        window = InboundWindow(size: connection.limits.streamWindow)
        let now = MonotonicTime.now
        clock = ConnectionClock(limits: service.limits, now: now)
        clock.enter(.body, now: now)
        body = ReceivedBody(
            expected: head.fields.contentLength, limit: service.listener.maxBody,
            tensorsAt: head.fields.inferenceHeaderLength ?? 0, budget: service.bodies)
        record = RequestRecord(
            id: head.requestID ?? RequestID.make(), method: head.method, path: head.path, bytesIn: 0, receivedAt: now,
            remote: connection.remote)
    }

    /// Decides what can be decided before the body.
    func begin() {
        do throws(SluiceError) {
            let plan = try planned()
            self.plan = plan
            if let request = plan.batches { return try beginBatches(request, encoding: plan.encoding) }
            if plan.session != nil { throw WebSocketHandshake.needsWebSocket }
            if let encoding = plan.encoding {
                body = ReceivedBody(
                    expected: nil, limit: service.listener.maxBody, tensorsAt: head.fields.inferenceHeaderLength ?? 0,
                    budget: service.bodies, inflater: try Inflater(encoding))
            }
            if let request = plan.inference { try begin(request) }
        } catch {
            refuse(error)
        }
    }

    /// What the head asks for: looked at once for each head that says so.
    private func planned() throws(SluiceError) -> RequestPlan {
        if let meaning = head.meaning { return meaning.plan }
        if let failure = head.failure { throw failure }
        let plan = try service.plan(method: head.method, target: head.target, fields: head.fields)
        // Other endpoints look at the caller's key on the way.
        if plan.inference != nil {
            head.meaning = HeadMeaning(
                plan: plan, fields: head.fields, requestID: head.requestID, expectsContinue: false)
        }
        return plan
    }

    private func begin(_ request: InferenceRequest) throws(SluiceError) {
        let inference = Inference(
            request, id: record.id, receivedAt: record.receivedAt, gate: service.gate, eventLoop: eventLoop,
            responder: self)
        self.inference = inference
        try inference.begin()
    }

    // MARK: The request

    func receive(_ piece: ByteBuffer) {
        record.bytesIn += piece.readableBytes
        if let batches { return receive(piece, for: batches) }
        if answered { return }
        clock.enter(.body, now: .coarse)
        switch body.append(piece) {
        case .ok: break
        case .tooLarge: return refuse(service.bodyTooLarge)
        case .noRoom: return refuse(service.noRoomForBody)
        case .damaged: return refuse(body.failure ?? service.bodyTooLarge)
        }
        keptBytes += piece.readableBytes
        connection?.keep(piece.readableBytes)
        if let increment = window.receive(piece.readableBytes) { connection?.openWindow(of: id, by: increment) }
    }

    func receiveEnd() {
        guard !requestEnded else { return }
        requestEnded = true
        if let batches { return batches.receiveEnd() }
        if answered { return }
        clock.enter(.working, now: .coarse)
        guard let plan else { return }
        do throws(SluiceError) {
            try body.checkEnd()
        } catch {
            return refuse(error)
        }
        let body = body.take()
        if let inference { return inference.perform(body) }
        if let openAI = plan.openAI {
            do throws(SluiceError) {
                try begin(try openAI.request(body))
            } catch {
                return refuse(error)
            }
            inference?.perform(RequestBody(.empty))
            return
        }
        if case .admin(let endpoint) = plan.endpoint, let administrator = plan.administrator {
            service.administer(endpoint, by: administrator, body: body.copy) { [self] answer in
                eventLoop.execute { self.respond(answer) }
            }
            return
        }
        do {
            let response = try service.response(to: plan, body: body)
            respond(response, summary: Answer.Summary(requestID: record.id))
        } catch {
            refuse(error)
        }
    }

    func timeOut() {
        if let batches {
            batches.timeOut()
        } else if answered {
            connection?.reset(id, .cancel)
        } else {
            refuse(SluiceError(.requestTimeout, "the request's body stopped coming"))
        }
    }

    func madeProgress() {
        if clock.phase == .writing { clock.enter(.writing, now: .coarse) }
    }

    func close() {
        connection?.keep(-keptBytes)
        body.release()
        if let batches {
            self.batches = nil
            batches.stream.cancel(SluiceError(.cancelled, "the caller has gone"))
            service.recordAbandoned(record, summary: batches.stream.summary)
        } else if !answered {
            answered = true
            inference?.cancel(SluiceError(.cancelled, "the caller has gone"))
            service.recordAbandoned(record, summary: inference?.summary)
        } else if framing != nil {
            inference?.cancel(SluiceError(.cancelled, "the caller has gone"))
        }
        inference = nil
        connection = nil
    }

    // MARK: The answer

    private func respond(_ answer: Service.AdminAnswer) {
        switch answer {
        case .success(let response): respond(response, summary: Answer.Summary(requestID: record.id))
        case .failure(let error): refuse(error)
        }
    }

    func refuse(_ error: SluiceError) {
        guard !answered else { return }
        inference?.cancel(error)
        let summary = inference?.summary ?? batches?.stream.summary ?? Answer.Summary(requestID: record.id)
        batches?.stream.cancel(error)
        batches = nil
        summary.failedAttempts = []
        respond(service.response(to: error, requestID: record.id, path: record.path), summary: summary)
    }

    private func respond(_ plain: HTTPResponse, summary: Answer.Summary) {
        guard let connection, !answered else { return }
        let response = plan?.answerEncoding.flatMap(plain.compressed) ?? plain
        answered = true
        clock.enter(.writing, now: .coarse)
        let bodySize = response.bodyByteCount
        service.record(
            record, bytesIn: record.bytesIn, bytesOut: bodySize, status: response.status, code: response.errorCode,
            summary: summary)
        let hasBody = head.method != "HEAD" && bodySize > 0
        connection.together {
            var head = connection.beginHead(status: response.status)
            if let mediaType = response.mediaType { head.field(.contentType, mediaType) }
            head.field(.contentLength, bodySize)
            addCommonFields(to: &head, connection)
            if let length = response.inferenceHeaderLength {
                head.field("inference-header-content-length", String(length))
            }
            head.add(summary)
            for field in response.fields { head.field(named: field.name, field.value) }
            connection.writeHead(head, on: id, endsStream: !hasBody)
            if hasBody { connection.write(OutboundBody(response.body), on: id, end: .stream) }
        }
    }

    func addCommonFields(to head: inout HTTP2ResponseHead, _ connection: HTTP2Connection) {
        head.field(HTTP2ResponseHead.EncodedName.requestID, record.id)
        head.field(.date, connection.scratch.date.value(secondsSince1970: WallClock.secondsSince1970))
    }
}

extension HTTP2RequestStream: Responder {
    func finish(_ answer: Answer) {
        switch answer.content {
        case .outputs(let body, let headerLength):
            var response = HTTPResponse(mediaType: body.mediaType, body: body.segments)
            response.inferenceHeaderLength = headerLength
            respond(response, summary: answer.summary)
        case .failure(let error):
            respond(
                service.response(to: error, requestID: record.id, path: record.path), summary: answer.summary)
        }
    }

    func beginStream(mediaType: String, summary: Answer.Summary) {
        guard let connection, !answered else { return }
        answered = true
        framing = StreamFraming(mediaType: mediaType, path: record.path)
        var head = connection.beginHead(status: 200)
        head.field(.contentType, mediaType)
        addCommonFields(to: &head, connection)
        head.add(summary)
        connection.writeHead(head, on: id)
        service.record(record, bytesIn: record.bytesIn, bytesOut: 0, summary: summary)
    }

    func writePart(_ body: EncodedBody, written: @escaping @Sendable () -> Void) {
        guard let connection, framing != nil else { return written() }
        clock.enter(.writing, now: .coarse)
        connection.write(OutboundBody(body.segments), on: id) {
            if self.framing != nil { self.clock.enter(.working, now: .coarse) }
            written()
        }
    }

    func endStream(failure: SluiceError?) {
        guard let connection, let framing else { return }
        self.framing = nil
        clock.enter(.writing, now: .coarse)
        let last = Array(buffer: framing.end(failure, requestID: record.id))
        connection.write(OutboundBody([.bytes(last)]), on: id, end: .stream)
    }
}
