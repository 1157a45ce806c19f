internal import Gateway

/// What a request's line and header fields ask for, whichever version of HTTP carried them.
struct RequestPlan {
    var method: String
    var endpoint: Endpoint
    /// The inference to be run; `nil` for everything else.
    var inference: InferenceRequest?
    /// The API key, for endpoints that tell callers only what they may see.
    var key: String?
}
