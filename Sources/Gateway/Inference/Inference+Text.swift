internal import Codecs
internal import PluginHost
internal import Routing
internal import Tensors

extension Inference {
    /// A request in OpenAI's dialect as the model gets it.
    func envelope(of asked: OpenAIRequest, signature: ModelSignature) throws(SluiceError) -> Envelope {
        let decoded = try asked.decode(signature: signature, tokenizer: tokenizer)
        quotaUse.promptTokens = decoded.tokens
        openAIAnswer = OpenAIAnswer(
            asked, id: id, created: Int(WallClock.secondsSince1970), tokens: decoded.tokens)
        return Envelope(id: id, parameters: decoded.parameters, inputs: decoded.inputs)
    }

    /// One part of an answer in OpenAI's dialect: events where the client wants them, else kept for the whole.
    func streamText(_ part: InferencePart) {
        let body: EncodedBody?
        do throws(SluiceError) {
            body = try openAIAnswer?.take(part.outputs, parameters: part.parameters, isFinal: part.isFinal)
        } catch {
            return partFailed(error)
        }
        guard case .openAI(let asked) = request.format, asked.streams else {
            // What is kept counts as taken.
            if !part.isFinal { partGate?.written() }
            guard let body else { return }
            endAttempt(code: nil)
            return finish(.outputs(body, headerLength: nil))
        }
        if let body {
            if !hasBegunStream {
                hasBegunStream = true
                responder.beginStream(mediaType: body.mediaType, summary: describedSummary())
            }
            let gate = partGate
            quotaUse.bytesOut += body.count
            responder.writePart(body) { gate?.written() }
        } else {
            partGate?.written()
        }
        if part.isFinal { endStream() }
    }
}
