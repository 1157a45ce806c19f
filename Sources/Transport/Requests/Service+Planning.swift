internal import Codecs
internal import Configuration
internal import Gateway
internal import Policies
internal import Tensors

extension Service {
    /// Longest target of a request; browsers and proxies cut off about there.
    private static let longestTarget = 8 << 10

    /// Everything that can be decided before the body: whether the request is well formed, whom it is for, and whether
    /// the caller may ask that. (Whether they may use a model, `Inference.begin` says.)
    ///
    /// - Throws: what to answer instead of reading the body.
    func plan(method: String, target: String, fields: RequestFields) throws(SluiceError) -> RequestPlan {
        guard target.utf8.count <= Self.longestTarget else {
            throw SluiceError(.uriTooLong, "the request's target is longer than \(Self.longestTarget) bytes")
        }
        guard fields.byteCount <= listener.maxHeaders else {
            throw SluiceError(.headersTooLarge, "the request's headers are larger than \(listener.maxHeaders) bytes")
        }
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let endpoint = administrative(try Endpoint(path: parts[0]))
        guard serves(endpoint) else {
            throw SluiceError(.notFound, "this listener doesn't serve \(parts[0].prefix(64))")
        }
        guard endpoint.methods.contains(method) else {
            let allowed = endpoint.methods.joined(separator: ", ")
            throw SluiceError(
                .methodNotAllowed, "\(parts[0].prefix(64)) takes \(allowed), not \(method.prefix(16))",
                detail: [.init("allow", allowed)])
        }
        if let length = fields.contentLength, length > listener.maxBody, !endpoint.takesAnyLength {
            throw bodyTooLarge
        }
        var plan = RequestPlan(method: method, endpoint: endpoint)
        switch endpoint {
        case .infer(let model):
            let query = try Query(parts.count > 1 ? parts[1] : "")
            guard model == nil || query.model == nil else {
                throw SluiceError(.invalidParameter, "the model is named both in the path and in the query")
            }
            let facts = CodecRegistry.RequestFacts(
                contentType: fields.contentType, input: fields.input, shape: fields.shape, datatype: fields.datatype,
                maximumBytes: listener.maxBody)
            plan.inference = inference(
                model: model ?? query.model, version: nil, path: parts[0], fields: fields,
                format: .unified(facts, accept: fields.accept, wantedOutputs: query.outputs), top: query.top)
        case .batch(let model):
            plan.batches = try batches(model, parts: parts, fields: fields)
        case .openAI(let asked):
            let caller = credentials(of: fields)
            try checkCallerBeforeMessages(caller)
            plan.openAI = OpenAIPlan(
                endpoint: asked, credentials: caller, contentType: fields.contentType,
                path: String(parts[0]), fields: fields.routing, traceparent: fields.traceparent)
        case .stream(let model):
            plan.session = SessionPlan(
                model: model, query: try SessionQuery(parts.count > 1 ? parts[1] : ""), shown: shown(by: fields),
                path: String(parts[0]), fields: fields.routing, traceparent: fields.traceparent)
        case .modelInfer(let model, let version):
            plan.inference = inference(
                model: model, version: version, path: parts[0], fields: fields,
                format: .openInference(headerLength: fields.inferenceHeaderLength))
        case .generate(let model, let version, let streams):
            plan.inference = inference(
                model: model, version: version, path: parts[0], fields: fields,
                format: .generate(streams: streams))
        case .models, .model, .modelMetadata, .modelReady, .modelNames, .modelConfiguration, .statistics,
            .repositoryIndex, .repositoryLoad, .repositoryUnload, .traceSettings, .logSettings, .sharedMemory:
            plan.caller = credentials(of: fields)
            try gate.checkCatalogueAccess(caller: plan.caller)
        case .documentation(let file):
            // The page itself tells nothing; it asks for a key where one is needed.
            plan.caller = credentials(of: fields)
            if file == .openAPI { try gate.checkCatalogueAccess(caller: plan.caller) }
        case .admin:
            plan.administrator = try administrator(of: fields)
        case .welcome, .serverMetadata, .live, .ready, .metrics:
            break
        }
        if plan.inference != nil || plan.openAI != nil || plan.batches != nil {
            plan.encoding = try ContentCoding.ofBody(fields.contentEncoding)?.rawValue
            plan.answerEncoding = ContentCoding.wanted(fields.acceptEncoding)
        }
        return plan
    }

    /// Who administers by a request with these fields.
    ///
    /// - Throws: `unauthenticated`; `forbidden`.
    func administrator(of fields: RequestFields) throws(SluiceError) -> Administrator {
        try gate.administrator(
            shown(by: fields), isLocal: fields.hostCount == 0 || fields.namesLoopback,
            isFromBrowser: fields.isFromBrowser,
            nowSeconds: Int64(WallClock.secondsSince1970))
    }

    /// The repository's endpoints change the gateway where the listener serves `repository`; elsewhere they only tell
    /// consumers what there is.
    private func administrative(_ endpoint: Endpoint) -> Endpoint {
        guard listener.serves.contains(.repository) else { return endpoint }
        return switch endpoint {
        case .repositoryIndex: .admin(.repositoryIndex)
        case .repositoryLoad(let name): .admin(.repositoryChange(.load, model: name))
        case .repositoryUnload(let name): .admin(.repositoryChange(.unload, model: name))
        default: endpoint
        }
    }

    func inference(
        model: String?, version: String?, path: Substring, fields: RequestFields, format: InferenceRequest.Format,
        top: Int? = nil
    ) -> InferenceRequest {
        InferenceRequest(
            model: model, version: version, format: format, contentType: fields.contentType,
            path: PercentEncoding.decode(path) ?? "", fields: fields.routing, credentials: credentials(of: fields),
            traceparent: fields.traceparent, top: top)
    }

    /// What a request with these fields shows of who makes it.
    func shown(by fields: RequestFields) -> ShownCredentials {
        ShownCredentials(
            key: fields.key, authorization: fields.authorization, peer: fields.peer, listener: listener.name)
    }

    /// The same as policies need it.
    func credentials(of fields: RequestFields) -> Credentials {
        gate.policies.read(shown(by: fields))
    }

    /// The refusal of a body that is larger than this listener takes.
    var bodyTooLarge: SluiceError {
        SluiceError(
            .payloadTooLarge, "the body is larger than the \(listener.maxBody) bytes taken here",
            detail: [.init("limit", listener.maxBody)])
    }

    /// The refusal of a body for which there is no memory left.
    var noRoomForBody: SluiceError {
        SluiceError(
            .overloaded, "all requests together hold as much as the \(bodies.limit) bytes that they may",
            detail: [.init("limit", bodies.limit)], retryAfterNanoseconds: 1_000_000_000)
    }

    /// An error as HTTP answers it, with the header fields that belong to its status.
    ///
    /// - Parameter path: where the request was for, whose dialect the error is told in.
    func response(to failure: SluiceError, requestID: String, path: String) -> HTTPResponse {
        var response = HTTPResponse(failure: failure, requestID: requestID)
        if OpenAIErrorDocument.isFor(path) {
            response.body = [.bytes(OpenAIErrorDocument(failure).encoded())]
        }
        if failure.code == .unauthenticated { response.fields.append(("www-authenticate", gate.challenge)) }
        if let version = failure.detail.first(where: { $0.key == "sec_websocket_version" }) {
            if case .string(let text) = version.value { response.fields.append(("sec-websocket-version", text)) }
        }
        if failure.code == .methodNotAllowed,
            case .string(let methods)? = failure.detail.first(where: { $0.key == "allow" })?.value
        {
            response.fields.append(("allow", methods))
        }
        return response
    }
}
