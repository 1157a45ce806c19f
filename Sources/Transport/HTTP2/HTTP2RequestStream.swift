internal import Codecs
internal import Configuration
internal import Gateway
internal import NIOCore
internal import NIOHPACK
internal import NIOHTTP2
internal import Tensors

/// One plain HTTP request on an HTTP/2 connection: the same endpoints as over HTTP/1.1, in other frames.
///
/// Invariant behind `@unchecked Sendable`: only used on the connection's event loop.
final class HTTP2RequestStream: HTTP2Stream, @unchecked Sendable {
    private weak var connection: HTTP2Connection?
    private let service: Service
    private let id: HTTP2StreamID
    private let head: HTTP2RequestHead
    private let eventLoop: any EventLoop
    private(set) var clock: ConnectionClock
    private var record: RequestRecord
    private var plan: RequestPlan?
    private var inference: Inference?
    private var body: ReceivedBody
    private var window = InboundWindow(size: HTTP2Limits.streamWindow)
    private var requestEnded = false
    private var answered = false
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
        let now = MonotonicTime.now
        clock = ConnectionClock(limits: service.limits, now: now)
        clock.enter(.body, now: now)
        body = ReceivedBody(
            expected: head.fields.contentLength, limit: service.listener.maxBody,
            tensorsAt: head.fields.inferenceHeaderLength ?? 0, budget: service.bodies)
        let sentID = head.fields.requestID
        record = RequestRecord(
            id: sentID.map(RequestID.isAcceptable) == true ? sentID ?? "" : RequestID.make(), method: head.method,
            path: String(head.target.prefix { $0 != "?" }.prefix(512)), bytesIn: 0, receivedAt: now,
            remote: connection.remote)
    }

    /// Decides what can be decided before the body.
    func begin() {
        do throws(SluiceError) {
            if let failure = head.failure { throw failure }
            let plan = try service.plan(
                method: head.method, target: head.target, fields: head.fields)
            self.plan = plan
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
        if answered { return }
        clock.enter(.body, now: .now)
        switch body.append(piece) {
        case .ok: break
        case .tooLarge: return refuse(service.bodyTooLarge)
        case .noRoom: return refuse(service.noRoomForBody)
        case .damaged: return refuse(body.failure ?? service.bodyTooLarge)
        }
        connection?.keep(piece.readableBytes)
        if let increment = window.receive(piece.readableBytes) { connection?.openWindow(of: id, by: increment) }
    }

    func receiveEnd() {
        guard !requestEnded else { return }
        requestEnded = true
        if answered { return }
        clock.enter(.working, now: .now)
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
        if case .admin(let endpoint) = plan.endpoint {
            service.administer(endpoint, by: plan.administrator, body: body.copy) { [self] answer in
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
        if answered {
            connection?.reset(id, .cancel)
        } else {
            refuse(SluiceError(.requestTimeout, "the request's body stopped coming"))
        }
    }

    func close() {
        connection?.keep(-record.bytesIn)
        body.release()
        if !answered {
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

    private func refuse(_ error: SluiceError) {
        guard !answered else { return }
        inference?.cancel(error)
        let summary = inference?.summary ?? Answer.Summary(requestID: record.id)
        summary.failedAttempts = []
        respond(service.response(to: error, requestID: record.id, path: record.path), summary: summary)
    }

    private func respond(_ plain: HTTPResponse, summary: Answer.Summary) {
        guard let connection, !answered else { return }
        let response = plan?.answerEncoding.flatMap(plain.compressed) ?? plain
        answered = true
        clock.enter(.writing, now: .now)
        var head = HTTP2ResponseHead(status: response.status, capacity: 12)
        if let mediaType = response.mediaType { head.field("content-type", mediaType) }
        head.field(unique: "content-length", String(response.bodyByteCount))
        addCommonFields(to: &head, connection)
        if let length = response.inferenceHeaderLength {
            head.field(unique: "inference-header-content-length", String(length))
        }
        head.add(summary)
        for field in response.fields { head.field(field.name, field.value) }
        service.record(
            record, bytesIn: record.bytesIn, bytesOut: response.bodyByteCount, response: response, summary: summary)
        let hasBody = self.head.method != "HEAD" && response.bodyByteCount > 0
        connection.together {
            if hasBody {
                connection.writeHeaders(head.headers, on: id, isEnd: false)
                connection.writeData(
                    ByteBuffer(EncodedBody(mediaType: "", segments: response.body)), on: id, isEnd: true,
                    promise: promiseOfReset())
            } else {
                connection.writeHeaders(head.headers, on: id, isEnd: true, promise: promiseOfReset())
            }
        }
    }

    /// Where the request is answered before it is all there, the rest isn't wanted: the client is told so once it has
    /// the answer (RFC 9113, section 8.1).
    private func promiseOfReset() -> EventLoopPromise<Void>? {
        guard !requestEnded else { return nil }
        let promise = eventLoop.makePromise(of: Void.self)
        promise.futureResult.whenSuccess { self.connection?.reset(self.id, .noError) }
        return promise
    }

    private func addCommonFields(to head: inout HTTP2ResponseHead, _ connection: HTTP2Connection) {
        head.field(unique: "x-request-id", record.id)
        head.field(unique: "date", connection.scratch.date.value(secondsSince1970: WallClock.secondsSince1970))
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
        var head = HTTP2ResponseHead(status: 200)
        head.field("content-type", mediaType)
        addCommonFields(to: &head, connection)
        head.add(summary)
        connection.writeHeaders(head.headers, on: id, isEnd: false)
        service.record(
            record, bytesIn: record.bytesIn, bytesOut: 0, response: HTTPResponse(mediaType: mediaType, body: []),
            summary: summary)
    }

    func writePart(_ body: EncodedBody, written: @escaping @Sendable () -> Void) {
        guard let connection, framing != nil else { return written() }
        clock.enter(.writing, now: .now)
        let promise = eventLoop.makePromise(of: Void.self)
        promise.futureResult.whenComplete { _ in
            if self.framing != nil { self.clock.enter(.working, now: .now) }
            written()
        }
        connection.writeData(ByteBuffer(body), on: id, isEnd: false, promise: promise)
    }

    func endStream(failure: SluiceError?) {
        guard let connection, let framing else { return }
        self.framing = nil
        clock.enter(.writing, now: .now)
        connection.writeData(framing.end(failure, requestID: record.id), on: id, isEnd: true)
    }
}
