internal import Codecs
internal import NIOCore
internal import PluginHost
internal import Policies
internal import Routing
internal import Tensors

/// An answer that is being written elsewhere.
struct MediaEncoding {
    let type: String
    let output: String
    let call: InferenceCall
    let timer: Scheduled<Void>
}

extension Inference {
    /// The pictures and sounds that a route's models make.
    var writtenMedia: [String] {
        var types: [String] = []
        for target in route?.models ?? [] {
            types += gate.models[target.index].writtenMedia.filter { !types.contains($0) }
        }
        return types
    }

    /// Checks that one of the outputs becomes the answer, as far as the head says which are wanted.
    ///
    /// - Throws: `not_acceptable`.
    func checkEncoding(as type: String, wanted: [String], signature: ModelSignature) throws(SluiceError) {
        let names = wanted.isEmpty ? signature.outputs.map(\.name) : wanted
        _ = try encoder(of: names, as: type)
    }

    /// Has an output written; the request ends when that is done.
    func startEncoding(_ part: InferencePart, as type: String) throws(SluiceError) {
        let wanted = envelope?.wantedOutputs ?? []
        let names = wanted.isEmpty ? part.outputs.map(\.name) : wanted
        let encoder = try encoder(of: names, as: type)
        guard let output = part.outputs.first(where: { $0.name == encoder.output }) else {
            throw SluiceError(
                .modelBrokeContract, "the model didn't answer its output \"\(encoder.output)\"",
                detail: [.init("output", encoder.output)])
        }
        let spec = encoder.signature.inputs[0]
        guard output.dataType == spec.dataType, spec.shape.map({ $0.count == output.shape.count }) ?? true else {
            throw Self.unwritable(
                encoder.output, type, "it is \(output.dataType)\(Shape.text(output.shape)), not \(spec.text)")
        }
        let deadline = attempts?.current.deadline ?? .now
        let writing = Envelope(
            id: id, deadline: deadline, parameters: [.init("content-type", .string(type))], inputs: [output])
        let call = InferenceCall(envelope: writing) { [self] part in
            guard part.isFinal else { return true }
            if eventLoop.inEventLoop { mediaEncoded(part) } else { eventLoop.execute { self.mediaEncoded(part) } }
            return true
        }
        let left = deadline.nanoseconds(since: .now)
        let timer = eventLoop.scheduleTask(in: .nanoseconds(Int64(clamping: left))) {
            call.abandon(SluiceError(.deadlineExceeded, "the answer was not written in time"))
        }
        mediaEncoding = MediaEncoding(type: type, output: encoder.output, call: call, timer: timer)
        encoder.runtime.start(call, consumer: consumer.map { Int(bitPattern: ObjectIdentifier($0)) } ?? 0)
    }

    /// The file is there; on the event loop.
    private func mediaEncoded(_ part: InferencePart) {
        guard let encoding = mediaEncoding else { return }
        mediaEncoding = nil
        encoding.timer.cancel()
        guard !isFinished else { return }
        if let error = part.error {
            return finish(.failure(Self.told(error, of: encoding)))
        }
        guard let body = part.outputs.first else {
            return finish(.failure(SluiceError(.internalError, "what writes the answer gave nothing")))
        }
        finish(.outputs(EncodedBody(mediaType: encoding.type, segments: [.tensor(body)]), headerLength: nil))
    }

    /// What the caller is told where an output can't be written.
    private static func told(_ error: SluiceError, of encoding: MediaEncoding) -> SluiceError {
        guard error.code == .modelRejectedInput else { return error }
        let text = error.message.split(separator: "\": ", maxSplits: 1).last.map { String($0) } ?? error.message
        return unwritable(encoding.output, encoding.type, text)
    }

    private static func unwritable(_ output: String, _ type: String, _ reason: String) -> SluiceError {
        SluiceError(
            .notAcceptable, "output \"\(output)\" can't be written as \(type): \(reason)",
            detail: [.init("output", output)])
    }

    /// The one of these outputs that becomes a file of that type: the model's that answers, else another's of its route.
    private func encoder(of names: [String], as type: String) throws(SluiceError) -> MediaEncoder {
        let first = attempts.map { [$0.current.model.index] } ?? []
        for index in first + (route?.models ?? []).map(\.index) {
            let able = gate.models[index].encoders.filter { $0.types.contains(type) }
            guard !able.isEmpty else { continue }
            let wanted = able.filter { names.contains($0.output) }
            if wanted.count == 1 { return wanted[0] }
            let offered = able.map { "\"\($0.output)\"" }.joined(separator: ", ")
            throw SluiceError(
                .notAcceptable,
                wanted.isEmpty
                    ? "\(type) carries output \(offered), which isn't asked for"
                    : "\(type) carries one output; choose one of \(offered) with ?outputs=NAME",
                detail: [.init("outputs", able.map(\.output))])
        }
        throw SluiceError(.notAcceptable, "no output of the model is declared to become \(type)")
    }

    /// Nobody waits for the answer any more.
    func endMediaEncoding(_ reason: SluiceError) {
        guard let encoding = mediaEncoding else { return }
        mediaEncoding = nil
        encoding.timer.cancel()
        encoding.call.abandon(reason)
    }
}
