internal import Gateway
internal import Policies

/// What a request's line and header fields ask for, whichever version of HTTP carried them.
struct RequestPlan {
    var method: String
    var endpoint: Endpoint
    /// The inference to be run; `nil` for everything else.
    var inference: InferenceRequest?
    /// The rows to be answered in batches; `nil` for everything else.
    var batches: BatchRequest?
    /// The session to be opened; `nil` for everything else.
    var session: SessionPlan?
    /// What an OpenAI client asks for; its body says of which model.
    var openAI: OpenAIPlan?
    /// How the body is compressed; `nil` where it isn't.
    var encoding: String?
    /// How the answer is to be compressed; `nil` for not at all.
    var answerEncoding: ContentCoding?
    /// Who asks, for endpoints that tell callers only what they may see.
    var caller = Credentials(.absent)
    /// Who asks, for endpoints that administrators use.
    var administrator: Administrator?
}
