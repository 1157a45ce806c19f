internal import Codecs
internal import Tensors

extension Endpoint {
    /// Finds the endpoint of a path (without query).
    ///
    /// Model names may contain slashes, raw under `/v1` and percent-encoded under `/v2`, where `versions`, `ready` and
    /// `infer` follow them.
    /// - Throws: `not_found`, or `malformed_request` for a path that can't be decoded.
    init(path: some StringProtocol) throws(SluiceError) {
        switch path {
        case "/": self = .welcome
        case "/v1/infer", "/v1/infer/": self = .infer(model: nil)
        case "/v1/models", "/v1/models/": self = .models
        case "/openapi.json": self = .documentation(.openAPI)
        case "/docs", "/docs/": self = .documentation(.page)
        case "/docs/page.js": self = .documentation(.script)
        case "/docs/page.css": self = .documentation(.style)
        case "/v1/embeddings": self = .openAI(.embeddings)
        case "/v1/completions": self = .openAI(.completions)
        case "/v1/chat/completions": self = .openAI(.chat)
        case "/v2", "/v2/": self = .serverMetadata
        case "/v2/models": self = .modelNames
        case "/v2/models/stats": self = .statistics(model: nil, version: nil)
        case "/v2/repository/index": self = .repositoryIndex
        case "/v2/trace/setting": self = .traceSettings(model: nil)
        case "/v2/logging": self = .logSettings
        case "/v2/health/live": self = .live
        case "/v2/health/ready": self = .ready
        case "/metrics": self = .metrics
        default:
            if let name = path.suffix(after: "/v1/infer/") {
                self = .infer(model: try Self.name(name))
            } else if let name = path.suffix(after: "/v1/batch/") {
                self = .batch(model: try Self.name(name))
            } else if let name = path.suffix(after: "/v1/stream/") {
                self = .stream(model: try Self.name(name))
            } else if let name = path.suffix(after: "/v1/models/") {
                self = .model(try Self.name(name))
            } else if let rest = path.suffix(after: "/v2/models/"), let endpoint = try Self.openInference(rest) {
                self = endpoint
            } else if let rest = path.suffix(after: "/v2/repository/models/"),
                let endpoint = try Self.repository(rest)
            {
                self = endpoint
            } else if let rest = path.suffix(after: "/admin"), let endpoint = try AdminEndpoint(admin: rest) {
                self = .admin(endpoint)
            } else if let request = SharedMemoryRequest(path: path) {
                self = .sharedMemory(request)
            } else {
                throw SluiceError(
                    .notFound,
                    "there is nothing at this path; inference is at /v1/infer/{model} and /v2/models/{model}/infer")
            }
        }
    }

    /// The part after `/v2/repository/models/`: `{model}/load|unload`.
    private static func repository(_ rest: some StringProtocol) throws(SluiceError) -> Endpoint? {
        guard let slash = rest.lastIndex(of: "/") else { return nil }
        switch rest[rest.index(after: slash)...] {
        case "load": return .repositoryLoad(try name(rest[..<slash]))
        case "unload": return .repositoryUnload(try name(rest[..<slash]))
        default: return nil
        }
    }

    /// What may stand behind a model's name.
    private static let actions: Set<String> = [
        "ready", "infer", "config", "stats", "generate", "generate_stream",
    ]

    /// The part after `/v2/models/`: `{model}[/versions/{version}][/ready|/infer|/config|/stats|/trace/setting]`.
    private static func openInference(_ rest: some StringProtocol) throws(SluiceError) -> Endpoint? {
        var segments = String(rest).split(separator: "/" as Character, omittingEmptySubsequences: false).map(
            String.init)
        var action: String?
        if segments.count > 2, segments.suffix(2) == ["trace", "setting"] {
            segments.removeLast(2)
            guard segments.allSatisfy({ !$0.isEmpty }) else { return nil }
            return .traceSettings(model: try name(segments.joined(separator: "/")))
        }
        if segments.count > 1, let last = segments.last, actions.contains(last) { action = segments.removeLast() }
        var version: String?
        if segments.count > 2, segments[segments.count - 2] == "versions" {
            version = try name(segments.removeLast())
            segments.removeLast()
        }
        guard segments.allSatisfy({ !$0.isEmpty }) else { return nil }
        let model = try name(segments.joined(separator: "/"))
        return switch action {
        case "ready": .modelReady(model, version: version)
        case "infer": .modelInfer(model, version: version)
        case "generate": .generate(model, version: version, streams: false)
        case "generate_stream": .generate(model, version: version, streams: true)
        case "config": .modelConfiguration(model, version: version)
        case "stats": .statistics(model: model, version: version)
        default: .modelMetadata(model, version: version)
        }
    }

    static func name(_ text: some StringProtocol) throws(SluiceError) -> String {
        guard let name = PercentEncoding.decode(text), !name.isEmpty, name.utf8.count <= 256,
            !name.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F })
        else {
            throw SluiceError(
                .malformedRequest, "the model name in the path is empty, too long or badly percent-encoded")
        }
        return name
    }
}

extension StringProtocol {
    /// What follows `prefix`, or `nil` where the text doesn't start so.
    fileprivate func suffix(after prefix: String) -> SubSequence? {
        hasPrefix(prefix) ? dropFirst(prefix.count) : nil
    }
}
