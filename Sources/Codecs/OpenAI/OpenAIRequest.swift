package import Tensors

/// What a request in OpenAI's dialect asks for.
package struct OpenAIRequest: Sendable {
    /// One text to be embedded.
    package enum Text: Sendable, Equatable {
        case characters(String)
        /// Tokens of the model's own vocabulary.
        case tokens([Int])
    }

    /// One turn of a conversation.
    package struct Message: Sendable, Equatable {
        package var role: String
        package var content: String
    }

    package enum Task: Sendable {
        case embeddings([Text], asBase64: Bool, dimensions: Int?)
        case completion(prompt: String)
        case chat([Message])
    }

    /// Which of the endpoints it came to.
    package enum Endpoint: String, Sendable, CaseIterable {
        case embeddings = "/v1/embeddings"
        case completions = "/v1/completions"
        case chat = "/v1/chat/completions"
    }

    package var model: String
    package var task: Task
    /// Whether the answer is to come in parts.
    package var streams = false
    /// Whether the last part is to say how much was used.
    package var includesUsage = false
    /// What is handed on to the model.
    package var parameters: [Envelope.Parameter] = []

    /// Reads a body.
    ///
    /// - Throws: `malformed_body`, or `invalid_parameter` naming the member.
    package init(_ body: RequestBody, for endpoint: Endpoint) throws(SluiceError) {
        defer { withExtendedLifetime(body.storage) {} }
        guard body.count > 0 else { throw SluiceError(.malformedBody, "the body is empty") }
        var reader = OpenAIRequestReader(try JSONScanner(body.bytes), endpoint)
        self = try reader.read()
    }

    /// Unicode scalars of all text in it.
    package var characterCount: Int {
        switch task {
        case .embeddings(let texts, _, _):
            texts.reduce(0) { sum, text in
                if case .characters(let characters) = text { sum + characters.unicodeScalars.count } else { sum }
            }
        case .completion(let prompt): prompt.unicodeScalars.count
        case .chat(let messages): messages.reduce(0) { $0 + $1.content.unicodeScalars.count }
        }
    }

    init(model: String, task: Task) {
        self.model = model
        self.task = task
    }

    static func invalid(_ member: String, _ problem: String) -> SluiceError {
        SluiceError(.invalidParameter, "\"\(member)\" \(problem)", detail: [.init("param", member)])
    }
}
