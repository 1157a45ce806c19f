/// What a request's path asks for.
enum Endpoint: Equatable {
    /// `/`: what this is and where to go.
    case welcome
    /// `/v1/infer`, `/v1/infer/{model}`: any format in, any out.
    case infer(model: String?)
    /// `/v1/models`
    case models
    /// `/v1/models/{model}`
    case model(String)
    /// `/v2`
    case serverMetadata
    /// `/v2/health/live`
    case live
    /// `/v2/health/ready`
    case ready
    /// `/v2/models/{model}[/versions/{version}]`
    case modelMetadata(String, version: String?)
    /// `/v2/models/{model}[/versions/{version}]/ready`
    case modelReady(String, version: String?)
    /// `/v2/models/{model}[/versions/{version}]/infer`
    case modelInfer(String, version: String?)
    /// `/metrics`
    case metrics

    /// The one method that it answers (and HEAD, where that is GET).
    var method: String {
        switch self {
        case .infer, .modelInfer: "POST"
        default: "GET"
        }
    }
}
