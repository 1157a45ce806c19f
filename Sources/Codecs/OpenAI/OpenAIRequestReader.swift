internal import Tensors

/// Reads the JSON of OpenAI's endpoints. Members that mean nothing here are passed over, as OpenAI's own servers do with
/// those of others; those that would change the answer and can't be met are refused.
struct OpenAIRequestReader {
    private var scanner: JSONScanner
    private let endpoint: OpenAIRequest.Endpoint
    private var model: String?
    private var texts: [OpenAIRequest.Text]?
    private var messages: [OpenAIRequest.Message]?
    private var asBase64 = false
    private var dimensions: Int?
    private var streams = false
    private var includesUsage = false
    private var parameters: [Envelope.Parameter] = []

    /// Texts of one request.
    private static let mostTexts = 2048
    private static let mostMessages = 4096
    /// Numbers and texts that say how to write; handed on by their names.
    private static let handedOn: Set<String> = [
        "max_tokens", "max_completion_tokens", "temperature", "top_p", "top_k", "seed", "presence_penalty",
        "frequency_penalty", "repetition_penalty", "reasoning_effort", "user",
    ]

    init(_ scanner: JSONScanner, _ endpoint: OpenAIRequest.Endpoint) {
        self.scanner = scanner
        self.endpoint = endpoint
    }

    mutating func read() throws(SluiceError) -> OpenAIRequest {
        let kind = try scanner.peek()
        guard kind == .object else { throw scanner.documentError("the body must be an object, not \(kind.text)") }
        try scanner.beginObject()
        var seen: Set<String> = []
        while let key = try scanner.nextKey(first: seen.isEmpty) {
            let name = key.text
            guard seen.insert(name).inserted else { throw OpenAIRequest.invalid(name, "is given twice") }
            if try scanner.peek() == .null {
                try scanner.null()
            } else {
                try readMember(name)
            }
        }
        try scanner.finish()
        return try finish()
    }

    private mutating func readMember(_ name: String) throws(SluiceError) {
        switch (name, endpoint) {
        case ("model", _): model = try string(name)
        case ("input", .embeddings), ("prompt", .completions): texts = try readTexts(name)
        case ("messages", .chat): messages = try readMessages()
        case ("encoding_format", .embeddings):
            let format = try string(name)
            guard ["float", "base64"].contains(format) else {
                throw OpenAIRequest.invalid(name, "can be \"float\" or \"base64\"")
            }
            asBase64 = format == "base64"
        case ("dimensions", .embeddings):
            guard let number = try? integer(name), number > 0 else {
                throw OpenAIRequest.invalid(name, "must be a whole number above 0")
            }
            dimensions = number
        case ("stream", .completions), ("stream", .chat): streams = try bool(name)
        case ("stream_options", .completions), ("stream_options", .chat): try readStreamOptions()
        case ("n", .completions), ("n", .chat), ("best_of", .completions):
            guard try integer(name) == 1 else { throw OpenAIRequest.invalid(name, "can only be 1 here") }
        case ("logprobs", .chat), ("echo", .completions):
            guard try !bool(name) else { throw OpenAIRequest.invalid(name, "can only be false here") }
        case ("logprobs", .completions), ("suffix", .completions), ("tools", .chat), ("functions", .chat),
            ("audio", .chat), ("logit_bias", .completions), ("logit_bias", .chat):
            try refuseUnlessEmpty(name)
        case ("response_format", .chat): try readResponseFormat()
        case ("stop", .completions), ("stop", .chat): try readStop()
        case (_, .completions) where Self.handedOn.contains(name), (_, .chat) where Self.handedOn.contains(name):
            parameters.append(.init(name, try scalar(name)))
        default: try scanner.skipValue()
        }
    }

    private consuming func finish() throws(SluiceError) -> OpenAIRequest {
        guard let model, !model.isEmpty else { throw OpenAIRequest.invalid("model", "is missing") }
        let task: OpenAIRequest.Task
        switch endpoint {
        case .embeddings:
            guard let texts else { throw OpenAIRequest.invalid("input", "is missing") }
            task = .embeddings(texts, asBase64: asBase64, dimensions: dimensions)
        case .completions:
            guard let texts else { throw OpenAIRequest.invalid("prompt", "is missing") }
            guard texts.count == 1, case .characters(let prompt) = texts[0] else {
                throw OpenAIRequest.invalid("prompt", "must be one text")
            }
            task = .completion(prompt: prompt)
        case .chat:
            guard let messages, !messages.isEmpty else {
                throw OpenAIRequest.invalid("messages", "is missing or empty")
            }
            task = .chat(messages)
        }
        var request = OpenAIRequest(model: model, task: task)
        request.streams = streams
        request.includesUsage = includesUsage
        request.parameters = parameters
        return request
    }

    // MARK: Texts

    private mutating func readTexts(_ name: String) throws(SluiceError) -> [OpenAIRequest.Text] {
        if try scanner.peek() == .string { return [.characters(try string(name))] }
        guard try scanner.peek() == .array else { throw OpenAIRequest.invalid(name, "must be text or a list") }
        var texts: [OpenAIRequest.Text] = []
        var tokens: [Int] = []
        var isFirst = true
        try scanner.beginArray()
        while try scanner.nextElement(first: isFirst) {
            isFirst = false
            switch try scanner.peek() {
            case .string: texts.append(.characters(try string(name)))
            case .array: texts.append(.tokens(try readTokens(name)))
            case .number: tokens.append(try token(name))
            default: throw OpenAIRequest.invalid(name, "must hold texts, or lists of tokens")
            }
            guard texts.count <= Self.mostTexts else {
                throw OpenAIRequest.invalid(name, "has more than \(Self.mostTexts) texts")
            }
        }
        guard texts.isEmpty || tokens.isEmpty else { throw OpenAIRequest.invalid(name, "mixes texts and tokens") }
        if !tokens.isEmpty { return [.tokens(tokens)] }
        guard !texts.isEmpty else { throw OpenAIRequest.invalid(name, "is empty") }
        return texts
    }

    private mutating func readTokens(_ name: String) throws(SluiceError) -> [Int] {
        var tokens: [Int] = []
        try scanner.beginArray()
        while try scanner.nextElement(first: tokens.isEmpty) { tokens.append(try token(name)) }
        guard !tokens.isEmpty else { throw OpenAIRequest.invalid(name, "has a text of no tokens") }
        return tokens
    }

    private mutating func token(_ name: String) throws(SluiceError) -> Int {
        let token = try integer(name)
        guard token >= 0 else { throw OpenAIRequest.invalid(name, "has a token below 0") }
        return token
    }

    // MARK: Messages

    private mutating func readMessages() throws(SluiceError) -> [OpenAIRequest.Message] {
        guard try scanner.peek() == .array else { throw OpenAIRequest.invalid("messages", "must be a list") }
        var messages: [OpenAIRequest.Message] = []
        try scanner.beginArray()
        while try scanner.nextElement(first: messages.isEmpty) {
            guard messages.count < Self.mostMessages else {
                throw OpenAIRequest.invalid("messages", "has more than \(Self.mostMessages) messages")
            }
            messages.append(try readMessage(number: messages.count))
        }
        return messages
    }

    private mutating func readMessage(number: Int) throws(SluiceError) -> OpenAIRequest.Message {
        let place = "messages[\(number)]"
        guard try scanner.peek() == .object else { throw OpenAIRequest.invalid(place, "must be an object") }
        var (role, content) = (String?.none, String?.none)
        var isFirst = true
        try scanner.beginObject()
        while let key = try scanner.nextKey(first: isFirst) {
            isFirst = false
            if try scanner.peek() == .null {
                try scanner.null()
            } else if key.is("role") {
                role = try string("\(place).role")
            } else if key.is("content") {
                content = try readContent("\(place).content")
            } else if key.is("tool_calls") || key.is("function_call") {
                throw OpenAIRequest.invalid(place, "calls a tool; models here have none")
            } else {
                try scanner.skipValue()
            }
        }
        let roles = ["system", "developer", "user", "assistant"]
        guard let role, roles.contains(role) else {
            throw OpenAIRequest.invalid("\(place).role", "must be one of \(roles.joined(separator: ", "))")
        }
        guard let content else { throw OpenAIRequest.invalid("\(place).content", "is missing") }
        return OpenAIRequest.Message(role: role, content: content)
    }

    /// Text, or parts that are all text.
    private mutating func readContent(_ place: String) throws(SluiceError) -> String {
        if try scanner.peek() == .string { return try string(place) }
        guard try scanner.peek() == .array else {
            throw OpenAIRequest.invalid(place, "must be text or a list of parts")
        }
        var content = ""
        var isFirst = true
        try scanner.beginArray()
        while try scanner.nextElement(first: isFirst) {
            isFirst = false
            guard try scanner.peek() == .object else {
                throw OpenAIRequest.invalid(place, "has a part that is no object")
            }
            var (type, text) = (String?.none, String?.none)
            var isFirstKey = true
            try scanner.beginObject()
            while let key = try scanner.nextKey(first: isFirstKey) {
                isFirstKey = false
                if key.is("type") {
                    type = try string(place)
                } else if key.is("text") {
                    text = try string(place)
                } else {
                    try scanner.skipValue()
                }
            }
            guard type == "text", let text else { throw OpenAIRequest.invalid(place, "has a part that isn't text") }
            content += text
        }
        return content
    }

    // MARK: The small ones

    private mutating func readStreamOptions() throws(SluiceError) {
        guard try scanner.peek() == .object else { throw OpenAIRequest.invalid("stream_options", "must be an object") }
        var isFirst = true
        try scanner.beginObject()
        while let key = try scanner.nextKey(first: isFirst) {
            isFirst = false
            if key.is("include_usage"), try scanner.peek() == .bool {
                includesUsage = try scanner.bool()
            } else {
                try scanner.skipValue()
            }
        }
    }

    private mutating func readResponseFormat() throws(SluiceError) {
        guard try scanner.peek() == .object else { throw OpenAIRequest.invalid("response_format", "must be an object") }
        var isFirst = true
        try scanner.beginObject()
        while let key = try scanner.nextKey(first: isFirst) {
            isFirst = false
            if key.is("type") {
                guard try string("response_format.type") == "text" else {
                    throw OpenAIRequest.invalid("response_format", "can only be text here")
                }
            } else {
                try scanner.skipValue()
            }
        }
    }

    /// One text, or several: those go on as a JSON list.
    private mutating func readStop() throws(SluiceError) {
        if try scanner.peek() == .string { return parameters.append(.init("stop", .string(try string("stop")))) }
        guard try scanner.peek() == .array else { throw OpenAIRequest.invalid("stop", "must be text or a list") }
        var stops: [String] = []
        try scanner.beginArray()
        while try scanner.nextElement(first: stops.isEmpty) { stops.append(try string("stop")) }
        guard stops.count <= 16 else { throw OpenAIRequest.invalid("stop", "has more than 16 texts") }
        if stops.isEmpty { return }
        var json = JSONWriter()
        json.strings(stops)
        parameters.append(.init("stop", .string(String(decoding: json.bytes, as: UTF8.self))))
    }

    /// What may be sent as long as it says nothing.
    private mutating func refuseUnlessEmpty(_ name: String) throws(SluiceError) {
        switch try scanner.peek() {
        case .array:
            try scanner.beginArray()
            guard try !scanner.nextElement(first: true) else {
                throw OpenAIRequest.invalid(name, "isn't supported here")
            }
        case .object:
            try scanner.beginObject()
            guard try scanner.nextKey(first: true) == nil else {
                throw OpenAIRequest.invalid(name, "isn't supported here")
            }
        case .string where try scanner.string().raw.isEmpty: break
        default: throw OpenAIRequest.invalid(name, "isn't supported here")
        }
    }

    private mutating func string(_ name: String) throws(SluiceError) -> String {
        guard try scanner.peek() == .string else { throw OpenAIRequest.invalid(name, "must be text") }
        return try scanner.string().text
    }

    private mutating func bool(_ name: String) throws(SluiceError) -> Bool {
        guard try scanner.peek() == .bool else { throw OpenAIRequest.invalid(name, "must be true or false") }
        return try scanner.bool()
    }

    private mutating func integer(_ name: String) throws(SluiceError) -> Int {
        guard try scanner.peek() == .number, let number = try? scanner.number().integer(as: Int.self) else {
            throw OpenAIRequest.invalid(name, "must be a whole number")
        }
        return number
    }

    private mutating func scalar(_ name: String) throws(SluiceError) -> Envelope.Parameter.Value {
        switch try scanner.peek() {
        case .string: return .string(try string(name))
        case .bool: return .bool(try bool(name))
        case .number:
            let number = try scanner.number()
            if number.isInteger, let value = try? number.integer(as: Int64.self) { return .integer(value) }
            guard let value = try? number.double() else { throw OpenAIRequest.invalid(name, "is out of range") }
            return .double(value)
        default: throw OpenAIRequest.invalid(name, "must be a number, text, true or false")
        }
    }
}
