internal import Codecs
internal import Gateway
internal import Policies
internal import Tensors

/// What the head of a request in OpenAI's dialect says; all else is in its body.
struct OpenAIPlan {
    var endpoint: OpenAIRequest.Endpoint
    var credentials: Credentials
    var contentType: String?
    var path: String
    /// The header fields that routes look at.
    var fields: [String: String]
    var traceparent: String?

    /// The inference that a body asks for.
    ///
    /// - Throws: `unsupported_media_type`; what is wrong with the body.
    func request(_ body: RequestBody) throws(SluiceError) -> InferenceRequest {
        let mediaType = contentType?.prefix { $0 != ";" }.lowercased() ?? "application/json"
        guard mediaType == "application/json" else {
            throw SluiceError(.unsupportedMediaType, "OpenAI's endpoints take application/json")
        }
        let asked = try OpenAIRequest(body, for: endpoint)
        return InferenceRequest(
            model: asked.model, version: nil, format: .openAI(asked), contentType: "application/json",
            path: path, fields: fields, credentials: credentials, traceparent: traceparent)
    }
}

/// The body of an error as OpenAI's clients read it: `{"error": {"message": "…", "type": "…", "param": …, "code": "…"}}`.
struct OpenAIErrorDocument {
    private let error: SluiceError

    init(_ error: SluiceError) {
        self.error = error
    }

    /// Whether errors of requests to that path have this form.
    static func isFor(_ path: String) -> Bool {
        OpenAIRequest.Endpoint.allCases.contains { $0.rawValue == path }
    }

    func encoded() -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("error")
        json.beginObject()
        json.member("message", error.message)
        json.member("type", type)
        json.key("param")
        if case .string(let param)? = error.detail.first(where: { $0.key == "param" })?.value {
            json.string(param)
        } else {
            json.null()
        }
        json.member("code", error.code.text)
        json.endObject()
        json.endObject()
        return json.bytes
    }

    private var type: String {
        switch error.code.httpStatus {
        case 401: "authentication_error"
        case 403: "permission_error"
        case 404: "not_found_error"
        case 429: "rate_limit_error"
        case 500...: "server_error"
        default: "invalid_request_error"
        }
    }
}

extension JSONWriter {
    /// The models as OpenAI lists them, beside whatever else the document has.
    mutating func openAIModels(_ entries: [ModelEntry]) {
        member("object", "list")
        key("data")
        beginArray()
        for entry in entries {
            beginObject()
            openAIFacts(of: entry)
            endObject()
        }
        endArray()
    }

    /// A model as OpenAI describes it.
    mutating func openAIFacts(of entry: ModelEntry) {
        member("id", entry.name)
        member("object", "model")
        key("created")
        number(entry.created)
        member("owned_by", "sluice")
    }
}
