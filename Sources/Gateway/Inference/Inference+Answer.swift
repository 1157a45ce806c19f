internal import Codecs
internal import PluginHost
internal import Routing
internal import Telemetry
internal import Tensors

/// How an answer is written, and what is counted of it.
extension Inference {
    /// Whether the client takes an answer in parts.
    private var streams: Bool {
        switch request.format {
        case .openInferenceMessage(let streams), .generate(let streams): streams
        case .openInference: false
        case .openAI: true
        case .unified: answerFormat.streams || sequence != nil
        }
    }

    // MARK: Parts of it

    /// One part from the plugin whose turn it is; on the event loop.
    func received(_ whole: InferencePart) {
        guard !isFinished else { return }
        guard outputRedaction != nil else { return received(whole, whole: whole) }
        let part: InferencePart
        do throws(SluiceError) {
            part = try redacted(whole)
        } catch {
            return partFailed(error)
        }
        received(part, whole: whole)
    }

    private func received(_ part: InferencePart, whole: InferencePart) {
        summary.cache = part.cache?.rawValue
        if let error = part.error { return failed(error) }
        quotaUse.note(part)
        if hedge != nil { firstAnswered() }
        if part.isFinal, !hasBegunStream, route?.asksConfidence == true, isUnsure(part) { return }
        conclude(part, whole: whole, isFresh: true)
    }

    /// An answer, or a part of one, goes out.
    func conclude(_ part: InferencePart) { conclude(part, whole: part, isFresh: false) }

    /// - Parameters:
    ///   - whole: what the model said.
    ///   - isFresh: whether it said so just now: a shadow's answer is held against that.
    private func conclude(_ part: InferencePart, whole: InferencePart, isFresh: Bool) {
        if !part.isFinal || hasBegunStream || streams {
            let isSeen = isFresh && route?.shadow != nil
            if isSeen { record(whole) }
            stream(part)
            if isSeen, part.isFinal { showRecording() }
        } else {
            endAttempt(code: nil)
            do {
                let sighting = isFresh && route?.shadow != nil ? shadowed(whole) : nil
                if let answerMedia {
                    try startEncoding(part, as: answerMedia)
                } else {
                    finish(try encode(part))
                }
                if let sighting { show(sighting) }
            } catch {
                finish(.failure(error))
            }
        }
    }

    private func encode(_ part: InferencePart) throws(SluiceError) -> Answer.Content {
        let wanted = envelope?.wantedOutputs ?? []
        var parameters = part.parameters
        // The outputs that a part of a stream has of those asked for.
        var streamed: [OpenInferenceCodec.RequestedOutput]?
        var outputs: [Tensor]
        if wanted.isEmpty {
            outputs = part.outputs
        } else if hasBegunStream || !part.isFinal || streams && part.outputs.isEmpty {
            // A part of a stream has what it has of the outputs asked for.
            let there = wanted.filter { name in part.outputs.contains { $0.name == name } }
            outputs = try Self.select(there, from: part.outputs)
            streamed = answerForm?.outputs.filter { there.contains($0.name) }
        } else {
            outputs = try Self.select(wanted, from: part.outputs)
        }
        if !topScores.isEmpty, let signature { outputs = try topScores.applied(to: outputs, signature: signature) }
        if let encodeRows, let signature {
            return .outputs(try encodeRows(outputs, signature), headerLength: nil)
        }
        if answerForm?.marksLast == true {
            parameters.append(.init("triton_final_response", .bool(part.isFinal)))
        }
        if sequence != nil { parameters.append(.init("final", .bool(part.isFinal))) }
        if case .generate(let streams) = request.format {
            let body = try GenerateCodec().encode(
                outputs, model: request.model ?? summary.model ?? "", version: summary.version ?? "", id: clientID,
                asEvent: streams)
            return .outputs(body, headerLength: nil)
        }
        if var form = answerForm {
            if let streamed { form.outputs = streamed }
            if case .openInferenceMessage = request.format {
                let body = try gate.openInference.encodeMessage(
                    outputs, as: form, model: request.model ?? summary.model ?? "",
                    version: summary.version ?? "", parameters: parameters)
                return .outputs(body, headerLength: nil)
            }
            let (body, headerLength) = try gate.openInference.encode(
                outputs, as: form, model: request.model ?? summary.model ?? "",
                version: summary.version ?? "", parameters: parameters)
            return .outputs(body, headerLength: headerLength)
        }
        var facts = CodecRegistry.AnswerFacts(
            model: request.model ?? summary.model ?? "", version: summary.version ?? "", id: clientID ?? id)
        facts.parameters = parameters
        facts.outputs = signature?.outputs ?? []
        return .outputs(try gate.codecs.encode(outputs, as: answerFormat, facts: facts), headerLength: nil)
    }

    private static func select(_ wanted: [String], from outputs: [Tensor]) throws(SluiceError) -> [Tensor] {
        var selected: [Tensor] = []
        for name in wanted {
            guard let output = outputs.first(where: { $0.name == name }) else {
                throw SluiceError(
                    .modelBrokeContract, "the model didn't answer its output \"\(name)\"",
                    detail: [.init("output", name)])
            }
            selected.append(output)
        }
        return selected
    }

    /// One part of a stream goes out as a line of NDJSON; the last one ends it.
    private func stream(_ part: InferencePart) {
        if openAIAnswer != nil { return streamText(part) }
        guard streams else {
            let error = answersInParts
            let call = call
            endAttempt(code: nil)
            finish(.failure(error))
            call?.abandon(error)
            return
        }
        let content: Answer.Content
        do {
            content = try encode(part)
        } catch {
            return partFailed(error)
        }
        guard case .outputs(let body, _) = content else { return }
        if !hasBegunStream {
            hasBegunStream = true
            responder.beginStream(mediaType: body.mediaType, summary: describedSummary())
        }
        if !part.outputs.isEmpty || !part.isFinal || answerForm?.marksLast == true || sequence != nil {
            let gate = partGate
            quotaUse.bytesOut += body.count
            responder.writePart(body) { gate?.written() }
        }
        if part.isFinal { endStream() }
    }

    /// What the model gave can't be written: nobody wants more of it.
    func partFailed(_ error: SluiceError) {
        let call = call
        if hasBegunStream {
            failed(error)
        } else {
            endAttempt(code: nil)
            finish(.failure(error))
        }
        call?.abandon(error)
    }

    /// The last part has gone out.
    func endStream() {
        endAttempt(code: nil)
        isFinished = true
        settle(nil, hadBegun: true)
        responder.endStream(failure: nil)
    }

    private var answersInParts: SluiceError {
        let text = "model \"\(summary.model ?? "")\" answers in parts; "
        if case .openInferenceMessage = request.format {
            return SluiceError(.notAcceptable, text + "ask for them with ModelStreamInfer")
        }
        if case .generate = request.format {
            return SluiceError(.notAcceptable, text + "ask for them with generate_stream")
        }
        if encodeRows != nil {
            return SluiceError(.notAcceptable, text + "ask /v1/infer for them, a row at a time")
        }
        return SluiceError(
            .notAcceptable,
            text + "ask for them with \"Accept: application/x-ndjson\" or \"Accept: text/event-stream\"",
            detail: [.init("offered", ["application/x-ndjson", "text/event-stream"])])
    }

    func finish(_ content: consuming Answer.Content) {
        guard !isFinished else { return }
        isFinished = true
        if let count = content.byteCount {
            quotaUse.bytesOut += count
            settle(nil, hadBegun: true)
        } else {
            dropRecording()
            settle(content.error, hadBegun: attempts != nil)
        }
        responder.finish(Answer(content, summary: describedSummary()))
    }

    /// Counts the request, and settles its quotas.
    func settle(_ error: SluiceError?, hadBegun: Bool) {
        if hedge != nil { endHedge() }
        if let route {
            let now = MonotonicTime.now
            let nanoseconds = now.nanoseconds(since: performedAt)
            if error == nil, let index = attempts?.current.model.index, attempts?.failures.isEmpty == true {
                gate.statistics[index].record(
                    inputNanoseconds: attemptStarted.nanoseconds(since: performedAt),
                    outputNanoseconds: now.nanoseconds(since: attemptEnded))
            }
            if error == nil, attempts?.failures.isEmpty == true, hedge?.wasMade != true {
                route.retry?.budget.earn()
                route.hedge?.budget.earn()
            }
            let place = attempts.map { attempts in
                GateMetrics.place(rung: attempts.current.rung, model: attempts.current.model.index, of: route)
            }
            gate.metrics.answered(route, place: place, code: error?.code, nanoseconds: nanoseconds)
        }
        settleQuotas(error, hadBegun: hadBegun)
    }

    func describedSummary() -> Answer.Summary {
        if let failures = attempts?.failures, !failures.isEmpty {
            summary.failedAttempts = failures.map { "\($0.model)=\($0.reason)" }
            summary.rung = attempts?.current.rung.map { $0 + 1 }
        }
        return summary
    }
}
