import Tensors
import Testing

@testable import Codecs

@Suite struct OpenAIAnswerTests {
    private func asked(_ json: String, _ endpoint: OpenAIRequest.Endpoint) throws(SluiceError) -> OpenAIRequest {
        try OpenAIRequest(RequestBody(Array(json.utf8).withUnsafeBytes { TensorStorage.copy(of: $0) }), for: endpoint)
    }

    private func answer(_ json: String, _ endpoint: OpenAIRequest.Endpoint) throws -> OpenAIAnswer {
        OpenAIAnswer(try asked(json, endpoint), id: "7", created: 1, tokens: 3)
    }

    private func text(_ body: EncodedBody?) -> String {
        let bytes = (body?.segments ?? []).flatMap { segment -> [UInt8] in
            if case .bytes(let bytes) = segment { bytes } else { [] }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func part(_ bytes: [UInt8]) throws -> [Tensor] {
        let offsets: [Int64] = [0, Int64(bytes.count)]
        return [
            try Tensor(
                name: "t", bytesOf: [1], data: bytes.withUnsafeBytes { TensorStorage.copy(of: $0) },
                offsets: offsets.withUnsafeBytes { TensorStorage.copy(of: $0) })
        ]
    }

    /// Every cut of a character of four bytes, and the character comes whole.
    @Test(arguments: 1...3) func charactersAreNotCut(at cut: Int) throws {
        var answer = try answer(#"{"model":"m","prompt":"p","stream":true}"#, .completions)
        let bytes = Array("😀".utf8)
        let first = try answer.take(try part(Array(bytes[..<cut])), parameters: [], isFinal: false)
        #expect(first == nil || !text(first).contains("\u{FFFD}"))
        let second = text(try answer.take(try part(Array(bytes[cut...])), parameters: [], isFinal: false))
        #expect(second.contains(#""text":"😀""#))
    }

    @Test func anEndInTheMiddleOfACharacterIsTold() throws {
        var answer = try answer(#"{"model":"m","prompt":"p","stream":true}"#, .completions)
        let last = text(try answer.take(try part([0xF0, 0x9F]), parameters: [], isFinal: true))
        #expect(last.contains("\u{FFFD}"))
        #expect(last.hasSuffix("data: [DONE]\n\n"))
    }

    @Test func modelsSayHowItEndedAndWhatItTook() throws {
        let facts = [
            Envelope.Parameter("finish_reason", .string("length")), .init("prompt_tokens", .string("5")),
            .init("completion_tokens", .integer(2)),
        ]
        var whole = try answer(#"{"model":"m","messages":[{"role":"user","content":"x"}]}"#, .chat)
        #expect(try whole.take(try part([0x61]), parameters: [], isFinal: false) == nil)
        let document = text(try whole.take(try part([0x62]), parameters: facts, isFinal: true))
        #expect(document.contains(#""content":"ab""#))
        #expect(document.contains(#""finish_reason":"length""#))
        #expect(document.contains(#""usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}"#))

        var streamed = try answer(
            #"{"model":"m","messages":[{"role":"user","content":"x"}],"stream":true,"stream_options":{"include_usage":true}}"#,
            .chat)
        let events = text(try streamed.take(try part([0x61]), parameters: facts, isFinal: true))
        #expect(events.components(between: "data: ") == 5, "role, text, end, usage, done")
        #expect(events.contains(#""choices":[],"usage":{"#))
    }

    @Test func answersOfAnotherKindAreRefused() throws {
        let numbers = try Tensor(name: "t", dataType: .fp32, shape: [1], copying: [Float(1)])
        var chat = try answer(#"{"model":"m","prompt":"p"}"#, .completions)
        #expect(throws: SluiceError.self) { try chat.take([numbers], parameters: [], isFinal: true) }
        var embeddings = try answer(#"{"model":"m","input":["a","b"]}"#, .embeddings)
        #expect(throws: SluiceError.self) { try embeddings.take([numbers], parameters: [], isFinal: true) }
        #expect(throws: SluiceError.self) { try embeddings.take([], parameters: [], isFinal: false) }
    }

    @Test(
        arguments: [
            (.completions, #"{"prompt":"p"}"#, "model"), (.completions, #"{"model":"m"}"#, "prompt"),
            (.completions, #"{"model":"m","prompt":["a","b"]}"#, "prompt"),
            (.completions, #"{"model":"m","prompt":[1,2]}"#, "prompt"),
            (.completions, #"{"model":"m","prompt":"p","echo":true}"#, "echo"),
            (.completions, #"{"model":"m","prompt":"p","stop":[1]}"#, "stop"),
            (.completions, #"{"model":"m","prompt":"p","temperature":[]}"#, "temperature"),
            (.embeddings, #"{"model":"m","input":["a",1]}"#, "input"),
            (.embeddings, #"{"model":"m","input":[[]]}"#, "input"),
            (.embeddings, #"{"model":"m","input":[-1]}"#, "input"),
            (.embeddings, #"{"model":"m","input":true}"#, "input"),
            (.chat, #"{"model":"m","messages":[1]}"#, "messages[0]"),
            (.chat, #"{"model":"m","messages":[{"role":"user"}]}"#, "messages[0].content"),
            (
                .chat, #"{"model":"m","messages":[{"role":"user","content":[{"type":"image_url"}]}]}"#,
                "messages[0].content"
            ),
        ] as [(OpenAIRequest.Endpoint, String, String)])
    func whatIsWrongIsNamed(endpoint: OpenAIRequest.Endpoint, json: String, param: String) {
        let error = #expect(throws: SluiceError.self) { try asked(json, endpoint) }
        #expect(error?.detail.first { $0.key == "param" }?.value == .string(param))
    }

    @Test func whatSaysNothingMayBeSent() throws {
        let json = #"""
            {"model":"m","messages":[{"role":"user","content":"x","name":null}],"n":1,"tools":[],"logit_bias":{},"stop":null,
            "logprobs":false,"response_format":{"type":"text"},"store":true,"metadata":{"a":"b"},"temperature":0.5}
            """#
        #expect(try asked(json, .chat).parameters == [.init("temperature", .double(0.5))])
    }
}

extension String {
    /// How often a text stands in this one.
    fileprivate func components(between text: String) -> Int {
        var (count, rest) = (0, Substring(self))
        while let found = rest.firstRange(of: text) {
            count += 1
            rest = rest[found.upperBound...]
        }
        return count
    }
}
