package import Codecs
internal import Configuration
package import NIOCore
internal import Policies
internal import PluginHost
internal import Routing
internal import Telemetry
package import Tensors

/// One request on its way through the gate. The steps stand in the order in which they are taken:
///
///     begin:    identity ─► route ─► right ─► answer format
///     perform:  decode ─► quota ─► attempts (model, then fallbacks) ─► encode ─► answer
///
/// Invariant behind `@unchecked Sendable`: everything but `begin`'s inputs is touched on `eventLoop` only; plugins' parts
/// come in through `receive`, which hops there.
package final class Inference: @unchecked Sendable {
    let gate: Gate
    let request: InferenceRequest
    /// Unique; in the answer, the log, and handed to the plugin.
    let id: String
    /// When the client stops waiting, where its protocol says so.
    private let deadline: MonotonicTime?
    let eventLoop: any EventLoop
    let responder: any Responder
    package let summary: Answer.Summary

    // What the steps find out, in their order.
    var route: Route?
    var consumer: Consumer?
    var answerFormat = AnswerFormat.json
    /// The type of picture or sound that the answer is to be, in place of that format.
    var answerMedia: String?
    private(set) var signature: ModelSignature?
    /// How an Open Inference client wants to be answered.
    var answerForm: OpenInferenceCodec.AnswerForm?
    /// Which outputs are answered by the best of their scores.
    var topScores: TopScores
    /// How long the caller itself says that it waits.
    private var timeoutNanoseconds: UInt64?
    var clientID: String?
    private(set) var envelope: Envelope?
    /// The place in a session's sequence; set before the request is performed.
    package var sequence: Envelope.Sequence?
    /// What an OpenAI client is answered, as far as it has come.
    var openAIAnswer: OpenAIAnswer?
    /// What is held back of its text until the next part, where something is looked for in it.
    var textWindows: [TextWindow]?
    /// Writes the outputs where the inputs are some rows of many, and how many those are.
    var encodeRows: RowsEncoder?
    var rowsOfMany: Int?
    /// What turns text into the model's inputs.
    private(set) var tokenizer: WordPiece?
    /// What the request takes of its quotas.
    var quotaUse = QuotaUse()
    /// When the body was all there; before that, when the head was.
    var performedAt: MonotonicTime
    var attempts: Attempts?
    /// Media types that decoders of its model read.
    var acceptedMedia: [String] = []
    /// Inputs of its model that may come as files inside a document, and those that did.
    private var fileInputs: [String] = []
    private var files: [FileInput] = []
    /// While a decoder has the body.
    var mediaDecoding: MediaDecoding?
    /// While a file is being fetched: ends that.
    var endFetch: (@Sendable () -> Void)?
    /// While an encoder has the answer.
    var mediaEncoding: MediaEncoding?
    /// Kept while a rung below is to do better.
    var unsureAnswer: UnsureAnswer?
    /// The call under way; its number tells late parts of earlier attempts from its own.
    var call: InferenceCall?
    var attemptNumber = 0
    /// The highest number that was given to a call.
    var lastAttemptNumber = 0
    /// The second try, of a request that may have one.
    var hedge: Hedge?
    var attemptStarted = MonotonicTime(nanoseconds: 0)
    var attemptEnded = MonotonicTime(nanoseconds: 0)
    var attemptTimer: Scheduled<Void>?
    /// What the model's breaker let through, until it hears what came of it.
    var breakerPass: CircuitBreaker.Pass?
    /// An answer in parts, as the route's shadow is to see it; and whether it has been settled that it is, or isn't.
    var shadowRecording: ShadowRecording?
    var hasDecidedOnShadow = false
    /// Holds a plugin back that streams faster than its client reads.
    var partGate: PartGate?
    var isFinished = false
    var hasBegunStream = false

    /// - Parameters:
    ///   - id: of this very request; unique.
    ///   - deadline: when the client stops waiting, where its protocol says so.
    package init(
        _ request: InferenceRequest, id: String, receivedAt: MonotonicTime, deadline: MonotonicTime? = nil, gate: Gate,
        eventLoop: any EventLoop, responder: any Responder
    ) {
        self.request = request
        self.id = id
        self.deadline = deadline
        self.gate = gate
        self.eventLoop = eventLoop
        self.responder = responder
        self.performedAt = receivedAt
        topScores = TopScores(count: request.top)
        self.summary = Answer.Summary(requestID: id)
    }

    // MARK: Before the body

    /// Everything that the head decides: who asks, where it goes, whether they may, and how the answer is written.
    ///
    /// - Throws: what to tell the caller instead of reading the body; the inference is over then.
    package func begin() throws(SluiceError) {
        try findRoute()
        if case .unified(_, let accept, _) = request.format {
            (answerFormat, answerMedia) = try gate.codecs.negotiate(accept: accept, media: writtenMedia)
        }
    }

    /// Where the model's inputs had best lie; `nil` is anywhere, or where a request may go to one of several.
    package var inputMemory: (any TensorMemory)? {
        guard let route, route.targets.count == 1, route.inputs.isEmpty else { return nil }
        let model = gate.models[route.targets[0].index]
        guard let type = request.mediaType else { return model.inputMemory }
        return model.decoder(of: type, input: nil)?.runtime.inputMemory
    }

    // MARK: With the body

    /// Takes the whole body; the responder gets the answer, on the event loop, now or later.
    package func perform(_ body: RequestBody) {
        quotaUse.bytesIn = body.count
        if let type = request.mediaType { return performMedia(body, type: type) }
        perform { (signature) throws(SluiceError) in try decode(body, signature: signature) }
    }

    /// Takes a whole gRPC message in place of a body.
    package func perform(_ message: InferMessage) {
        quotaUse.bytesIn = message.raw.reduce(message.head.count) { $0 + $1.byteCount }
        perform { (signature) throws(SluiceError) in
            let decoded = try gate.openInference.decode(
                message, signature: signature, regions: gate.regions(of: consumer))
            return envelope(of: decoded)
        }
    }

    func perform(decode: (ModelSignature) throws(SluiceError) -> Envelope) {
        guard var route, !isFinished else { return }
        // A slow upload doesn't count: the deadline is for the gate's and the models' work.
        performedAt = .now
        if !route.inputs.isEmpty {
            do {
                route = try settleRoute(route, decode)
            } catch {
                return finish(.failure(error))
            }
        }
        do throws(SluiceError) {
            let attempts = try chooseModel(of: route)
            guard let signature else { return }
            if let memory = gate.models[attempts.current.model.index].inputMemory {
                // Where the model runs in a process of its own, its inputs are decoded into memory that it sees.
                let envelope = try PreferredMemory.with(memory) { () throws(SluiceError) in try decode(signature) }
                try proceed(decoded: envelope, attempts)
            } else {
                try proceed(decoded: try decode(signature), attempts)
            }
        } catch {
            finish(.failure(error))
        }
    }

    /// Whose turn it is, and by which signature its inputs are read.
    func chooseModel(of route: Route) throws(SluiceError) -> Attempts {
        let attempts = Attempts(
            route: route, first: firstModel(of: route), start: performedAt, latest: deadline, now: performedAt)
        summary.model = attempts.current.model.name
        let signature = try self.signature(of: route, first: attempts.current.model)
        self.signature = signature
        if case .unified(_, _, let wanted) = request.format {
            if !topScores.isEmpty { try topScores.check(signature, wanted: wanted) }
            if let answerMedia { try checkEncoding(as: answerMedia, wanted: wanted, signature: signature) }
        }
        let model = gate.models[attempts.current.model.index]
        if model.tokenizer != nil { tokenizer = model.tokenizer }
        acceptedMedia = model.acceptedMedia
        // A route that is chosen by its inputs is settled by then, and looked at tensors.
        fileInputs = model.decoders.map(\.input)
        return attempts
    }

    /// Goes on with what a body held.
    private func proceed(decoded envelope: consuming Envelope, _ attempts: consuming Attempts) throws(SluiceError) {
        if files.isEmpty { return proceed(with: envelope, attempts) }
        try decode(files, of: envelope, attempts)
    }

    /// Goes on with inputs that are tensors by now.
    func proceed(with envelope: consuming Envelope, _ attempts: consuming Attempts) {
        do throws(SluiceError) {
            if let sequence { try envelope.join(sequence) }
            if let masked = try guarded(envelope.inputs, for: attempts.current.model, of: attempts.route) {
                envelope.inputs = masked
            }
            if let timeout = timeoutNanoseconds, timeout > 0 {
                attempts.shorten(to: performedAt.advanced(byNanoseconds: timeout))
            }
            if let traceparent = request.traceparent {
                envelope.parameters.append(.init("traceparent", .string(traceparent)))
            }
            // Models keep state by sequence, and know nothing of consumers: one must not reach another's state by its id.
            if let id = envelope.sequence?.id, let consumer, consumer !== gate.policies.anonymous.consumer {
                envelope.sequence?.id = "\(consumer.name)/\(id)"
            }
        } catch {
            finish(.failure(error))
            return
        }
        self.envelope = consume envelope
        admit(attempts)
    }

    private func decode(_ body: RequestBody, signature: ModelSignature) throws(SluiceError) -> Envelope {
        switch request.format {
        case .unified(let facts, _, let wantedOutputs):
            let decoded = try gate.codecs.decode(
                body, facts: facts, signature: signature, alsoRead: acceptedMedia, fileInputs: fileInputs)
            files = decoded.files
            clientID = decoded.id
            topScores.ofOutput = decoded.topScores
            let wanted = wantedOutputs.isEmpty ? decoded.wantedOutputs : wantedOutputs
            try Self.check(wanted, against: signature)
            return Envelope(
                id: id, parameters: decoded.parameters, inputs: decoded.inputs, wantedOutputs: wanted)
        case .openInference(let headerLength):
            return envelope(
                of: try gate.openInference.decode(
                    body, headerLength: headerLength, signature: signature, regions: gate.regions(of: consumer)))
        case .generate:
            let decoded = try gate.codecs.decode(
                body, facts: CodecRegistry.RequestFacts(contentType: "application/json"), signature: signature)
            clientID = decoded.id
            return Envelope(
                id: id, parameters: decoded.parameters, inputs: decoded.inputs,
                wantedOutputs: decoded.wantedOutputs)
        case .openAI(let asked): return try envelope(of: asked, signature: signature)
        case .openInferenceMessage:
            throw SluiceError(.internalError, "a message doesn't come as a body")
        }
    }

    private func envelope(of decoded: OpenInferenceCodec.Request) -> Envelope {
        answerForm = decoded.answer
        timeoutNanoseconds = decoded.timeoutNanoseconds
        return Envelope(
            id: id, parameters: decoded.parameters, inputs: decoded.inputs,
            wantedOutputs: decoded.answer.outputs.isEmpty ? [] : decoded.answer.outputs.map(\.name),
            sequence: decoded.sequence, priority: decoded.priority)
    }

    /// How many rows a batch-minded model gets with this request; 1 for others.
    var rows: Int {
        if let rowsOfMany { return rowsOfMany }
        guard let signature, signature.batching != .none else { return 1 }
        return envelope?.inputs.first?.shape.first ?? 1
    }

    static func check(_ wanted: [String], against signature: ModelSignature) throws(SluiceError) {
        for name in wanted where signature.output(named: name) == nil {
            let names = signature.outputs.map(\.name)
            throw SluiceError(
                .invalidParameter,
                "the model has no output \"\(name.prefix(64))\"; it has \(names.map { "\"\($0)\"" }.joined(separator: ", "))",
                detail: [.init("output", String(name.prefix(64))), .init("outputs", names)])
        }
    }

    // MARK: An end from outside

    /// Nobody waits for the answer any more: the caller has gone, or was told `reason` already.
    package func cancel(_ reason: SluiceError) {
        guard !isFinished else { return }
        isFinished = true
        let call = call
        let hadBegun = [call, hedge?.second?.call].contains { $0?.isWaiting == false }
        if hadBegun, quotaUse.pluginNanoseconds == 0 {
            quotaUse.pluginNanoseconds = MonotonicTime.now.nanoseconds(since: attemptStarted)
        }
        endMediaDecoding(reason)
        endMediaEncoding(reason)
        dropRecording()
        endBreakerPass(.neither)
        endAttempt(code: reason.code)
        settle(reason, hadBegun: hadBegun)
        partGate?.close()
        call?.abandon(reason)
    }

    // MARK: Attempts

    /// Hands the request to one model.
    func attempt(_ attempt: Attempts.Attempt) {
        envelope?.deadline = attempt.deadline
        let model = gate.models[attempt.model.index]
        summary.model = model.name
        summary.version = model.version
        lastAttemptNumber += 1
        attemptNumber = lastAttemptNumber
        if attempt.rung != nil {
            do throws(SluiceError) {
                try gate.check(envelope?.inputs ?? [], model: attempt.model.index)
            } catch {
                return failed(error)
            }
        }
        if !gate.breakers.isEmpty, !passBreaker(of: attempt) { return }
        guard let envelope = modelEnvelope else { return }
        start(envelope, model: model, deadline: attempt.deadline)
    }
}
