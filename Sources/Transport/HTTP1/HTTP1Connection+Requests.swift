internal import Codecs
internal import Configuration
internal import Gateway
internal import NIOCore
internal import NIOHTTP1
internal import Policies
internal import Tensors

extension HTTP1Connection {
    /// Everything that can be decided from the head alone. Whoever may not needn't send the body.
    func begin(_ exchange: HTTP1Exchange) throws(SluiceError) {
        let meaning: HeadMeaning
        if let known = exchange.head.meaning {
            meaning = known
            if let id = known.requestID { exchange.id = id }
            exchange.expectsContinue = known.expectsContinue
        } else {
            meaning = try look(at: exchange)
        }
        exchange.meaning = meaning
        exchange.body = ReceivedBody(
            expected: meaning.contentLength, limit: exchange.service.listener.maxBody,
            tensorsAt: meaning.inferenceHeaderLength, budget: exchange.service.bodies,
            inflater: try meaning.plan.encoding.map { (encoding) throws(SluiceError) in try Inflater(encoding) })
        if let request = meaning.plan.batches { return try beginBatches(request, exchange) }
        if let plan = meaning.plan.session { return try checkHandshake(plan, exchange) }
        guard let context, let request = meaning.plan.inference else { return }
        try exchange.begin(request, eventLoop: context.eventLoop)
        // Tensors that follow JSON are used where they lie: where the model runs in a process of its own, they come in
        // where that sees them.
        if meaning.inferenceHeaderLength > 0 { exchange.body.memory = exchange.inference?.inputMemory }
    }

    /// Looks at a head for the first time. What it finds out is put down in the exchange at once, for a refusal to use.
    private func look(at exchange: HTTP1Exchange) throws(SluiceError) -> HeadMeaning {
        let head = exchange.head
        let service = exchange.service
        var fields: RequestFields
        switch head.headers {
        case .read(let read): fields = read
        case .unread(let headers):
            // NIO's parser takes nothing that follows such a request for another one, whether it is granted or not.
            if headers.contains(name: "upgrade") { exchange.keepAlive = false }
            fields = try RequestFields(headers, known: service.knownFields)
        }
        fields.peer = peer
        let requestID = fields.requestID.flatMap { RequestID.isAcceptable($0) ? $0 : nil }
        if let requestID { exchange.id = requestID }
        guard fields.hostCount == 1 || fields.hostCount == 0 && head.version.minor == 0 else {
            throw SluiceError(.malformedRequest, "a request has exactly one Host header field")
        }
        guard !fields.isChunked || head.version.minor > 0 else {
            throw SluiceError(.malformedRequest, "HTTP/1.0 has no Transfer-Encoding")
        }
        let expectsContinue = fields.expectsContinue && head.version.minor > 0
        exchange.expectsContinue = expectsContinue
        let plan: RequestPlan
        do throws(SluiceError) {
            plan = try service.plan(
                method: head.method.rawValue, target: try Self.origin(of: head.uri), fields: fields)
        } catch {
            if error.code == .payloadTooLarge, fields.contentLength ?? 0 > Self.drainableBody {
                exchange.keepAlive = false
            }
            throw error
        }
        let meaning = HeadMeaning(
            plan: plan, fields: fields, requestID: requestID, expectsContinue: expectsContinue)
        // Other endpoints look at the caller's key on the way.
        if plan.inference != nil { head.meaning = meaning }
        return meaning
    }

    /// The part of a target that names something here: an absolute one (RFC 9112, section 3.2.2) names the host too.
    private static func origin(of target: String) throws(SluiceError) -> String {
        for scheme in ["http://", "https://"] where target.prefix(scheme.count).lowercased() == scheme {
            let rest = target.dropFirst(scheme.count)
            let path = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
            guard path > rest.startIndex else {
                throw SluiceError(.malformedRequest, "the request's target is malformed: it has no host")
            }
            return rest[path...].isEmpty ? "/" : String(rest[path...])
        }
        return target
    }

    /// The request is all there: do what it asks for.
    func perform(_ exchange: HTTP1Exchange, context: ChannelHandlerContext) {
        guard let meaning = exchange.meaning else { return }
        if let batches = exchange.batches { return batches.receiveEnd() }
        do throws(SluiceError) {
            try exchange.body.checkEnd()
        } catch {
            return refuse(error, context: context)
        }
        let body = exchange.body.take()
        if let inference = exchange.inference { return inference.perform(body) }
        if let openAI = meaning.plan.openAI {
            do throws(SluiceError) {
                try exchange.begin(try openAI.request(body), eventLoop: context.eventLoop)
            } catch {
                return refuse(error, context: context)
            }
            exchange.inference?.perform(RequestBody(.empty))
            return
        }
        if let session = exchange.session { return beginSession(session, exchange, context: context) }
        if case .admin(let endpoint) = meaning.plan.endpoint, let administrator = meaning.plan.administrator {
            return administer(endpoint, by: administrator, exchange, body, context: context)
        }
        do {
            let response = try exchange.service.response(to: meaning.plan, body: body)
            respond(response, summary: Answer.Summary(requestID: exchange.id))
        } catch {
            refuse(error, context: context)
        }
    }

    /// Administration may take as long as a model takes to load; the answer comes on another thread.
    private func administer(
        _ endpoint: AdminEndpoint, by administrator: Administrator, _ exchange: HTTP1Exchange, _ body: RequestBody,
        context: ChannelHandlerContext
    ) {
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        exchange.service.administer(endpoint, by: administrator, body: body.copy) {
            [eventLoop = context.eventLoop] answer in
            eventLoop.execute { bound.value.answer(answer, to: exchange) }
        }
    }

    private func answer(_ answer: Service.AdminAnswer, to exchange: HTTP1Exchange) {
        guard let context, self.exchange === exchange else { return }
        switch answer {
        case .success(let response): respond(response, summary: Answer.Summary(requestID: exchange.id))
        case .failure(let error): refuse(error, context: context)
        }
    }
}
