internal import Codecs

/// What a request's path asks for.
enum Endpoint: Equatable {
    /// `/`: what this is and where to go.
    case welcome
    /// `/v1/infer`, `/v1/infer/{model}`: any format in, any out.
    case infer(model: String?)
    /// `/v1/batch/{model}`: rows of any number, answered as they come.
    case batch(model: String)
    /// `/v1/stream/{model}`: a session over WebSocket.
    case stream(model: String)
    /// `/v1/embeddings`, `/v1/completions`, `/v1/chat/completions`: OpenAI's dialect.
    case openAI(OpenAIRequest.Endpoint)
    /// `/openapi.json`: what there is here, for programs; `/docs`, `/docs/page.js`, `/docs/page.css`: for people.
    case documentation(DocumentationFile)
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
    /// `/v2/models`
    case modelNames
    /// `/v2/models/{model}[/versions/{version}]/config`
    case modelConfiguration(String, version: String?)
    /// `/v2/models/stats`, `/v2/models/{model}[/versions/{version}]/stats`
    case statistics(model: String?, version: String?)
    /// `/v2/repository/index`
    case repositoryIndex
    /// `/v2/repository/models/{model}/load`
    case repositoryLoad(String)
    /// `/v2/repository/models/{model}/unload`
    case repositoryUnload(String)
    /// `/v2/trace/setting`, `/v2/models/{model}/trace/setting`
    case traceSettings(model: String?)
    /// `/v2/logging`
    case logSettings
    /// `/v2/systemsharedmemory…` and `/v2/cudasharedmemory…`
    case sharedMemory(SharedMemoryRequest)
    /// `/v2/models/{model}[/versions/{version}]/ready`
    case modelReady(String, version: String?)
    /// `/v2/models/{model}[/versions/{version}]/infer`
    case modelInfer(String, version: String?)
    /// `/v2/models/{model}[/versions/{version}]/generate[_stream]`
    case generate(String, version: String?, streams: Bool)
    /// `/metrics`
    case metrics
    /// `/admin…`, and `/v2/repository…` where a listener lets administrators use it
    case admin(AdminEndpoint)

    /// The methods that it answers.
    var methods: [String] {
        switch self {
        case .infer, .batch, .openAI, .modelInfer, .generate, .repositoryIndex, .repositoryLoad, .repositoryUnload:
            ["POST"]
        case .traceSettings, .logSettings: ["GET", "HEAD", "POST"]
        case .sharedMemory(let request): request.action == .status ? ["GET", "HEAD"] : ["POST"]
        case .admin(let endpoint): endpoint.method == "POST" ? ["POST"] : ["GET", "HEAD"]
        default: ["GET", "HEAD"]
        }
    }
}
