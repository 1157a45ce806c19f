internal import Codecs
internal import Configuration
internal import Gateway
internal import NIOCore
internal import NIOHTTP1
internal import Tensors

extension HTTP1Connection {
    /// Longest target of a request; browsers and proxies cut off about there.
    private static let longestTarget = 8 << 10

    /// Everything that can be decided from the head alone: whether it is well formed, whom it is for, and whether the
    /// caller may have that. Whoever may not needn't send the body.
    func begin(_ head: RequestHead) throws(SluiceError) {
        guard head.uri.utf8.count <= Self.longestTarget else {
            throw SluiceError(.uriTooLong, "the request's target is longer than \(Self.longestTarget) bytes")
        }
        let fields: RequestFields
        switch head.headers {
        case .read(let read): fields = read
        case .unread(let headers): fields = try RequestFields(headers, keyField: service.keyField)
        }
        if let id = fields.requestID, RequestID.isAcceptable(id) { exchange?.id = id }
        guard fields.byteCount <= service.listener.maxHeaders else {
            throw SluiceError(
                .headersTooLarge, "the request's headers are larger than \(service.listener.maxHeaders) bytes")
        }
        guard fields.hostCount == 1 || fields.hostCount == 0 && head.version.minor == 0 else {
            throw SluiceError(.malformedRequest, "a request has exactly one Host header field")
        }
        guard !fields.isChunked || head.version.minor > 0 else {
            throw SluiceError(.malformedRequest, "HTTP/1.0 has no Transfer-Encoding")
        }
        exchange?.expectsContinue = fields.expectsContinue && head.version.minor > 0
        let target = try Self.origin(of: head.uri).split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let endpoint = try Endpoint(path: target[0])
        exchange?.endpoint = endpoint
        guard service.serves(endpoint) else {
            throw SluiceError(.notFound, "this listener doesn't serve \(target[0].prefix(64))")
        }
        let method = head.method.rawValue
        guard method == endpoint.method || method == "HEAD" && endpoint.method == "GET" else {
            throw SluiceError(
                .methodNotAllowed, "\(target[0].prefix(64)) takes \(endpoint.method), not \(method.prefix(16))",
                detail: [.init("allow", endpoint.method)])
        }
        if let length = fields.contentLength, length > service.listener.maxBody {
            // Not on one line: reading the exchange while it is being written to ends the process.
            if length > Self.drainableBody { exchange?.keepAlive = false }
            throw bodyTooLarge
        }
        exchange?.body = ReceivedBody(
            expected: fields.contentLength, limit: service.listener.maxBody,
            tensorsAt: fields.inferenceHeaderLength ?? 0, budget: service.bodies)
        let query = target.count > 1 ? target[1] : ""
        switch endpoint {
        case .infer(let model):
            let query = try Query(query)
            guard model == nil || query.model == nil else {
                throw SluiceError(.invalidParameter, "the model is named both in the path and in the query")
            }
            try beginInference(
                model: model ?? query.model, version: nil, fields: fields,
                format: .unified(
                    CodecRegistry.RequestFacts(
                        contentType: fields.contentType, input: fields.input, shape: fields.shape,
                        datatype: fields.datatype),
                    accept: fields.accept, wantedOutputs: query.outputs))
        case .modelInfer(let model, let version):
            try beginInference(
                model: model, version: version, fields: fields,
                format: .openInference(headerLength: fields.inferenceHeaderLength))
        case .models, .model, .modelMetadata, .modelReady:
            try service.gate.checkCatalogueAccess(key: fields.key)
            key = fields.key
        case .welcome, .serverMetadata, .live, .ready, .metrics:
            break
        }
    }

    /// The part of a target that names something here: an absolute one (RFC 9112, section 3.2.2) names the host too.
    private static func origin(of target: String) throws(SluiceError) -> Substring {
        for scheme in ["http://", "https://"] where target.prefix(scheme.count).lowercased() == scheme {
            let rest = target.dropFirst(scheme.count)
            let path = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
            guard path > rest.startIndex else {
                throw SluiceError(.malformedRequest, "the request's target is malformed: it has no host")
            }
            return rest[path...].isEmpty ? "/" : rest[path...]
        }
        return target[...]
    }

    private func beginInference(
        model: String?, version: String?, fields: RequestFields, format: InferenceRequest.Format
    ) throws(SluiceError) {
        guard let context, let exchange else { return }
        if let encoding = fields.contentEncoding, !encoding.equalsIgnoringCase("identity") {
            throw SluiceError(
                .unsupportedMediaType,
                "the content encoding \"\(encoding.prefix(64))\" isn't supported; send the body as it is")
        }
        let request = InferenceRequest(
            id: exchange.id, model: model, version: version, format: format, contentType: fields.contentType,
            key: fields.key, traceparent: fields.traceparent, receivedAt: exchange.receivedAt)
        let inference = Inference(
            request, gate: service.gate, eventLoop: context.eventLoop,
            responder: HTTP1Responder(self, requestID: exchange.id))
        self.exchange?.inference = inference
        try inference.begin()
    }

    /// The request is all there: do what it asks for.
    func perform(context: ChannelHandlerContext) {
        guard let endpoint = exchange?.endpoint else { return }
        if let inference = exchange?.inference {
            inference.perform(exchange?.body.take() ?? RequestBody(.empty))
            return
        }
        do {
            let response = try service.response(to: endpoint, key: key)
            respond(response, summary: Answer.Summary(requestID: exchange?.id ?? ""))
        } catch {
            refuse(error, context: context)
        }
    }

    /// What a body above the listener's limit is answered with.
    var bodyTooLarge: SluiceError {
        SluiceError(
            .payloadTooLarge, "the body is larger than the \(service.listener.maxBody) bytes taken here",
            detail: [.init("limit", service.listener.maxBody)])
    }

    /// What a body is answered with for which there is no memory left.
    var noRoomForBody: SluiceError {
        SluiceError(
            .overloaded, "all requests together hold as much as the \(service.bodies.limit) bytes that they may",
            detail: [.init("limit", service.bodies.limit)], retryAfterNanoseconds: 1_000_000_000)
    }
}
