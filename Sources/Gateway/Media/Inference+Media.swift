internal import Codecs
internal import NIOCore
internal import PluginHost
internal import Policies
internal import Routing
internal import Telemetry
internal import Tensors

/// A body that is being decoded elsewhere.
struct MediaDecoding {
    let decoder: MediaDecoder
    let call: InferenceCall
    let attempts: Attempts
    let start: MonotonicTime
    let timer: Scheduled<Void>
    /// Where the body is one file of a document: the others.
    let files: FileDecoding?
}

extension Inference {
    /// Takes a picture, film or sound in place of tensors.
    func performMedia(_ body: RequestBody, type: String) {
        guard let route, !isFinished else { return }
        performedAt = .now
        do throws(SluiceError) {
            guard route.inputs.isEmpty, case .unified(let facts, _, _) = request.format else {
                throw SluiceError(
                    .unsupportedMediaType,
                    "route \"\(route.name)\" is chosen by its inputs, which must be sent as tensors, not as \(type)")
            }
            let attempts = try chooseModel(of: route)
            try decodeMedia(body, type: type, input: facts.input, attempts: attempts)
        } catch {
            finish(.failure(error))
        }
    }

    /// Has a picture, film or sound decoded by the model's decoder; the request goes on when that has answered.
    private func decodeMedia(_ body: RequestBody, type: String, input: String?, attempts: Attempts) throws(SluiceError)
    {
        guard body.count > 0 || decoder(of: type, input: input, for: attempts) == nil else {
            throw SluiceError(.malformedBody, "the body is empty")
        }
        try startDecoding(body, type: type, input: input, attempts: attempts, files: nil)
    }

    /// Gives bytes to a decoder.
    ///
    /// - Parameter type: what they are, where the client says so.
    func startDecoding(
        _ body: RequestBody, type: String?, input: String?, attempts: Attempts, files: FileDecoding?
    ) throws(SluiceError) {
        guard let decoder = decoder(of: type, input: input, for: attempts) else {
            throw unreadable(
                type ?? "the file", input: input, isFile: files != nil, by: gate.models[attempts.current.model.index])
        }
        let envelope = Envelope(
            id: id, deadline: attempts.current.deadline,
            parameters: type.map { [.init("content-type", .string($0))] } ?? [],
            inputs: [try body.element(named: "body", shape: [])])
        let call = InferenceCall(envelope: envelope) { [self] part in
            guard part.isFinal else { return true }
            if eventLoop.inEventLoop { mediaDecoded(part) } else { eventLoop.execute { self.mediaDecoded(part) } }
            return true
        }
        let left = attempts.current.deadline.nanoseconds(since: .now)
        let timer = eventLoop.scheduleTask(in: .nanoseconds(Int64(clamping: left))) {
            call.abandon(SluiceError(.deadlineExceeded, "the body was not decoded in time"))
        }
        mediaDecoding = MediaDecoding(
            decoder: decoder, call: call, attempts: attempts, start: .now, timer: timer, files: files)
        decoder.runtime.start(call, consumer: consumer.map { Int(bitPattern: ObjectIdentifier($0)) } ?? 0)
    }

    /// The decoder's answer is there; on the event loop.
    private func mediaDecoded(_ part: InferencePart) {
        guard let decoding = mediaDecoding else { return }
        mediaDecoding = nil
        decoding.timer.cancel()
        guard !isFinished else { return }
        let metrics = decoding.decoder.metrics
        metrics.seconds.observe(nanoseconds: MonotonicTime.now.nanoseconds(since: decoding.start))
        do throws(SluiceError) {
            if let error = part.error { throw error }
            if let files = decoding.files, let tensor = part.outputs.first {
                return try fileDecoded(
                    tensor, media: Envelope.Media(part.parameters), input: decoding.decoder.input, files)
            }
            var envelope = Envelope(
                id: id, inputs: part.outputs, wantedOutputs: try wantedOutputs())
            envelope.media = Envelope.Media(part.parameters)
            try signature?.validate(envelope.inputs)
            proceed(with: envelope, decoding.attempts)
        } catch {
            let told = Self.told(error, of: decoding.decoder)
            metrics.failures.increment(code: told.code.text)
            finish(.failure(told))
        }
    }

    /// What the caller is told where its body can't be decoded.
    private static func told(_ error: SluiceError, of decoder: MediaDecoder) -> SluiceError {
        guard error.code == .modelRejectedInput else { return error }
        // Callers know inputs, and nothing of what makes them.
        let prefix = "model \"\(decoder.runtime.name)\": "
        let message = error.message.hasPrefix(prefix) ? error.message.dropFirst(prefix.count) : error.message[...]
        return SluiceError(
            .invalidInput, "input \"\(decoder.input)\": \(message)", detail: [.init("input", decoder.input)])
    }

    /// The decoder of the model that comes first; while that is down, that of a rung which answers in its place.
    private func decoder(of type: String?, input: String?, for attempts: Attempts) -> MediaDecoder? {
        let rungs = attempts.route.fallback.compactMap { $0.model?.index }
        for index in [attempts.current.model.index] + rungs {
            let model = gate.models[index]
            if let decoder = model.decoder(of: type, input: input) { return decoder }
            if model.loaded != nil { return nil }
        }
        return nil
    }

    private func unreadable(_ type: String, input: String?, isFile: Bool, by model: ModelRuntime) -> SluiceError {
        let media = model.acceptedMedia
        if isFile, let input {
            let read = model.decoders.filter { $0.input == input }.flatMap(\.accepts)
            return SluiceError(
                .invalidInput,
                "input \"\(input)\": \(type.prefix(64)) is not read here; send \(read.joined(separator: ", "))",
                detail: [.init("input", input), .init("supported", read)])
        }
        let all = CodecRegistry.requestMediaTypes + media
        if let input, model.decoders.contains(where: { $0.reads(type) }) {
            let names = model.decoders.filter { $0.reads(type) }.map(\.input)
            return SluiceError(
                .invalidInput,
                "Sluice-Input names \"\(input.prefix(64))\", but \(type) becomes \(names.map { "\"\($0)\"" }.joined(separator: ", "))",
                detail: [.init("inputs", names)])
        }
        let about =
            media.isEmpty
            ? "model \"\(model.name)\" takes no pictures, film or sound" : "\(type.prefix(64)) is not read here"
        return SluiceError(
            .unsupportedMediaType,
            "\(about); send \(all.dropLast().joined(separator: ", ")) or \(all.last ?? "")",
            detail: [.init("supported", all)])
    }

    /// The outputs that the head asks for.
    private func wantedOutputs() throws(SluiceError) -> [String] {
        guard case .unified(_, _, let wanted) = request.format, let signature else { return [] }
        try Self.check(wanted, against: signature)
        return wanted
    }

    /// Nobody waits for the body any more.
    func endMediaDecoding(_ reason: SluiceError) {
        endFetch?()
        endFetch = nil
        guard let decoding = mediaDecoding else { return }
        mediaDecoding = nil
        decoding.timer.cancel()
        decoding.call.abandon(reason)
    }
}

extension Envelope.Media {
    /// What a decoder says of what it has decoded.
    fileprivate init(_ parameters: [Envelope.Parameter]) {
        self.init()
        for parameter in parameters {
            switch parameter.key {
            case "pixels": pixels = Int(parameter.value.text) ?? 0
            case "audio_seconds": audioSeconds = Double(parameter.value.text) ?? 0
            default: break
            }
        }
    }
}
