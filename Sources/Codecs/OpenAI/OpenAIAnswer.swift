package import Tensors

/// Puts the answer to a request in OpenAI's dialect together, as the model's parts come in.
///
/// A plain state machine: parts go in, documents come out. It keeps the bytes of a character that was cut between two
/// parts, and, where the client wants one document, everything.
package struct OpenAIAnswer: Sendable {
    private let request: OpenAIRequest
    private let id: String
    private let created: Int
    private let tokens: Int
    private var text: [UInt8] = []
    private var hasBegun = false
    private var promptTokens: Int?
    private var completionTokens: Int?
    private var finishReason = "stop"

    /// - Parameters:
    ///   - id: the request's.
    ///   - created: seconds since 1970.
    ///   - tokens: of the request, as far as they are known.
    package init(_ request: OpenAIRequest, id: String, created: Int, tokens: Int) {
        self.request = request
        self.id = id
        self.created = created
        self.tokens = tokens
    }

    /// Whether its parts are one text.
    package var isText: Bool { if case .embeddings = request.task { false } else { true } }

    /// Forgets what came of a try that failed: another one begins.
    package mutating func restart() {
        text = []
        (promptTokens, completionTokens, finishReason) = (nil, nil, "stop")
    }

    /// Takes a part in.
    ///
    /// - Returns: what goes out for it; `nil` where nothing does yet.
    /// - Throws: `model_broke_contract` or `invalid_parameter` for an answer that is none of this kind.
    package mutating func take(
        _ outputs: [Tensor], parameters: [Envelope.Parameter], isFinal: Bool
    ) throws(SluiceError) -> EncodedBody? {
        note(parameters)
        if case .embeddings(let texts, let asBase64, let dimensions) = request.task {
            guard isFinal else { throw OpenAIRequest.invalid("model", "\"\(request.model)\" answers in parts") }
            return .json(try embeddings(outputs, count: texts.count, asBase64: asBase64, dimensions: dimensions))
        }
        for output in outputs {
            guard outputs.count == 1, output.dataType == .bytes else {
                throw OpenAIRequest.invalid("model", "\"\(request.model)\" doesn't answer text")
            }
            for index in 0..<output.elementCount { output.withElement(index) { text.append(contentsOf: $0) } }
        }
        guard request.streams else { return isFinal ? .json(whole()) : nil }
        return events(isFinal: isFinal)
    }

    /// What models may say of how it ended.
    private mutating func note(_ parameters: [Envelope.Parameter]) {
        for parameter in parameters {
            switch (parameter.key, parameter.value) {
            case ("finish_reason", .string(let reason)) where ["stop", "length", "content_filter"].contains(reason):
                finishReason = reason
            case ("prompt_tokens", let value): promptTokens = Int(value.text) ?? promptTokens
            case ("completion_tokens", let value): completionTokens = Int(value.text) ?? completionTokens
            default: break
            }
        }
    }

    private var isChat: Bool { if case .chat = request.task { true } else { false } }

    // MARK: Embeddings

    private func embeddings(
        _ outputs: [Tensor], count: Int, asBase64: Bool, dimensions: Int?
    ) throws(SluiceError) -> [UInt8] {
        guard outputs.count == 1, outputs[0].dataType == .fp32, outputs[0].shape.first == count, count > 0,
            outputs[0].elementCount % count == 0
        else {
            throw OpenAIRequest.invalid("model", "\"\(request.model)\" doesn't answer one row of FP32 for each text")
        }
        let width = outputs[0].elementCount / count
        guard dimensions == nil || dimensions == width else {
            throw OpenAIRequest.invalid("dimensions", "can only be \(width) for model \"\(request.model)\"")
        }
        if !asBase64, let index = ElementReader(outputs[0]).firstNonFinite {
            throw .notJSON(outputs[0], element: index, instead: "ask for base64")
        }
        var json = JSONWriter(reserving: 64 + outputs[0].byteCount * 3)
        json.beginObject()
        json.key("object")
        json.string("list")
        json.key("data")
        json.beginArray()
        let values = asBase64 ? [] : outputs[0].elements(as: Float.self)
        for row in 0..<count {
            json.beginObject()
            json.key("object")
            json.string("embedding")
            json.key("index")
            json.number(row)
            json.key("embedding")
            if asBase64 {
                var encoded: [UInt8] = []
                outputs[0].withBytes { bytes in
                    Base64.append(
                        UnsafeRawBufferPointer(rebasing: bytes[(row * width * 4)..<((row + 1) * width * 4)]),
                        to: &encoded)
                }
                json.string(String(decoding: encoded, as: UTF8.self))
            } else {
                json.raw { text in
                    text.append(UInt8(ascii: "["))
                    for column in 0..<width {
                        if column > 0 { text.append(UInt8(ascii: ",")) }
                        text.append(contentsOf: values[row * width + column].description.utf8)
                    }
                    text.append(UInt8(ascii: "]"))
                }
            }
            json.endObject()
        }
        json.endArray()
        json.key("model")
        json.string(request.model)
        let used = promptTokens ?? tokens
        usage(prompt: used, completion: nil, to: &json)
        json.endObject()
        return json.bytes
    }

    // MARK: Text

    /// The answer as one document.
    private func whole() -> [UInt8] {
        var json = JSONWriter(reserving: 256 + text.count)
        let text = String(decoding: text, as: UTF8.self)
        begin(isChat ? "chat.completion" : "text_completion", &json)
        json.key("choices")
        json.beginArray()
        json.beginObject()
        json.key("index")
        json.number(0)
        if isChat {
            json.key("message")
            json.beginObject()
            json.key("role")
            json.string("assistant")
            json.key("content")
            json.string(text)
            json.key("refusal")
            json.null()
            json.endObject()
        } else {
            json.key("text")
            json.string(text)
        }
        json.key("logprobs")
        json.null()
        json.key("finish_reason")
        json.string(finishReason)
        json.endObject()
        json.endArray()
        if let promptTokens, let completionTokens {
            usage(prompt: promptTokens, completion: completionTokens, to: &json)
        }
        json.endObject()
        return json.bytes
    }

    /// What a part adds, as server-sent events; nothing for one that only begins a character.
    private mutating func events(isFinal: Bool) -> EncodedBody? {
        var events: [UInt8] = []
        let delta = takeText(all: isFinal)
        if !hasBegun && isChat { events += event(role: "assistant", text: "", finish: nil) }
        hasBegun = true
        if !delta.isEmpty { events += event(role: nil, text: delta, finish: nil) }
        if isFinal {
            events += event(role: nil, text: nil, finish: finishReason)
            if request.includesUsage, let promptTokens, let completionTokens {
                var json = JSONWriter()
                begin(isChat ? "chat.completion.chunk" : "text_completion", &json)
                json.key("choices")
                json.beginArray()
                json.endArray()
                usage(prompt: promptTokens, completion: completionTokens, to: &json)
                json.endObject()
                events += Self.event(json.bytes)
            }
            events += Array("data: [DONE]\n\n".utf8)
        }
        return events.isEmpty
            ? nil : EncodedBody(mediaType: AnswerFormat.eventStream.mediaType, segments: [.bytes(events)])
    }

    /// The characters that are whole by now.
    private mutating func takeText(all: Bool) -> String {
        var end = text.count
        if !all {
            // At most three bytes can belong to a character that isn't all there.
            for back in 1...4 where back <= text.count {
                let byte = text[text.count - back]
                if byte & 0xC0 == 0x80 { continue }
                let length = byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4
                if length > back { end = text.count - back }
                break
            }
        }
        defer { text.removeFirst(end) }
        return String(decoding: text[..<end], as: UTF8.self)
    }

    private func event(role: String?, text: String?, finish: String?) -> [UInt8] {
        var json = JSONWriter()
        begin(isChat ? "chat.completion.chunk" : "text_completion", &json)
        json.key("choices")
        json.beginArray()
        json.beginObject()
        json.key("index")
        json.number(0)
        if isChat {
            json.key("delta")
            json.beginObject()
            if let role {
                json.key("role")
                json.string(role)
            }
            if let text {
                json.key("content")
                json.string(text)
            }
            json.endObject()
        } else {
            json.key("text")
            json.string(text ?? "")
        }
        json.key("logprobs")
        json.null()
        json.key("finish_reason")
        if let finish { json.string(finish) } else { json.null() }
        json.endObject()
        json.endArray()
        json.endObject()
        return Self.event(json.bytes)
    }

    private static func event(_ document: [UInt8]) -> [UInt8] {
        Array("data: ".utf8) + document + Array("\n\n".utf8)
    }

    private func begin(_ object: String, _ json: inout JSONWriter) {
        json.beginObject()
        json.key("id")
        json.string("\(isChat ? "chatcmpl" : "cmpl")-\(id)")
        json.key("object")
        json.string(object)
        json.key("created")
        json.number(created)
        json.key("model")
        json.string(request.model)
    }

    private func usage(prompt: Int, completion: Int?, to json: inout JSONWriter) {
        json.key("usage")
        json.beginObject()
        json.key("prompt_tokens")
        json.number(prompt)
        if let completion {
            json.key("completion_tokens")
            json.number(completion)
        }
        json.key("total_tokens")
        json.number(prompt + (completion ?? 0))
        json.endObject()
    }
}

extension EncodedBody {
    fileprivate static func json(_ bytes: [UInt8]) -> EncodedBody {
        EncodedBody(mediaType: "application/json", segments: [.bytes(bytes)])
    }
}
