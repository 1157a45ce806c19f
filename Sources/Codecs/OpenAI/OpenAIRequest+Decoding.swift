package import Tensors

extension OpenAIRequest {
    /// What the model is given.
    package struct Decoded: Sendable {
        package var inputs: [Tensor]
        package var parameters: [Envelope.Parameter]
        /// Tokens of all texts together; 0 where the model cuts them itself.
        package var tokens: Int
    }

    /// Turns the texts into the model's inputs: tokens by its tokenizer, or the texts themselves for a model that takes
    /// one input of BYTES.
    ///
    /// - Throws: `invalid_parameter` where the model is for something else.
    package func decode(signature: ModelSignature, tokenizer: WordPiece?) throws(SluiceError) -> Decoded {
        switch task {
        case .embeddings(let texts, _, _):
            guard let tokenizer else {
                let characters = try texts.map { (text) throws(SluiceError) -> String in
                    guard case .characters(let text) = text else {
                        throw Self.invalid("input", "must be text: model \"\(model)\" has no tokenizer here")
                    }
                    return text
                }
                return Decoded(inputs: [try text(characters, signature)], parameters: parameters, tokens: 0)
            }
            let rows = try texts.map { (text) throws(SluiceError) -> [Int] in
                switch text {
                case .characters(let text): return tokenizer.tokens(of: text)
                case .tokens(let tokens):
                    guard tokens.allSatisfy(tokenizer.knows), tokens.count <= tokenizer.settings.maximumTokens else {
                        throw Self.invalid("input", "has tokens that the model doesn't have, or too many of them")
                    }
                    return tokens
                }
            }
            return Decoded(
                inputs: try tokenizer.inputs(for: rows, signature: signature), parameters: parameters,
                tokens: rows.reduce(0) { $0 + $1.count })
        case .completion(let prompt):
            return Decoded(inputs: [try text([prompt], signature)], parameters: parameters, tokens: 0)
        case .chat(let messages):
            var json = JSONWriter()
            json.beginArray()
            for message in messages {
                json.beginObject()
                json.key("role")
                json.string(message.role)
                json.key("content")
                json.string(message.content)
                json.endObject()
            }
            json.endArray()
            let transcript = messages.map { "\($0.role): \($0.content)\n" }.joined() + "assistant:"
            let turns = Envelope.Parameter("messages", .string(String(decoding: json.bytes, as: UTF8.self)))
            return Decoded(
                inputs: [try text([transcript], signature)], parameters: parameters + [turns], tokens: 0)
        }
    }

    /// Texts as the model's one input.
    private func text(_ texts: [String], _ signature: ModelSignature) throws(SluiceError) -> Tensor {
        guard signature.inputs.count == 1, signature.inputs[0].dataType == .bytes else {
            throw Self.invalid("model", "\"\(model)\" takes no text")
        }
        let spec = signature.inputs[0]
        var shape = spec.shape ?? [texts.count]
        // The first free dimension is the texts'; whatever else is free is 1.
        if let free = shape.firstIndex(where: { $0 < 0 }) { shape[free] = texts.count }
        shape = shape.map { $0 < 0 ? 1 : $0 }
        guard Shape.elementCount(shape) == texts.count else {
            throw Self.invalid("model", "\"\(model)\" doesn't take \(texts.count) texts at once")
        }
        return try Tensor(name: spec.name, shape: shape, strings: texts)
    }
}
