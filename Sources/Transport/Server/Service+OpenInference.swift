internal import Codecs
internal import Configuration
internal import Gateway
internal import PluginHost
internal import Policies
internal import Telemetry
internal import Tensors

extension Service {
    /// Answers what the Open Inference Protocol has besides inference, Triton's extensions among it.
    func openInferenceResponse(to plan: RequestPlan, body: RequestBody) throws(SluiceError) -> HTTPResponse {
        let caller = plan.caller
        switch plan.endpoint {
        case .serverMetadata:
            return HTTPResponse(
                json: OpenInferenceCodec().serverMetadata(
                    name: "sluice", version: sluiceVersion, extensions: extensions))
        case .modelNames:
            var json = JSONWriter()
            json.beginObject()
            json.key("models")
            json.strings(try gate.catalogue(caller: caller).map(\.name))
            json.endObject()
            return HTTPResponse(json: json.bytes)
        case .modelMetadata(let name, let version):
            let entry = try gate.entry(name: name, version: version, caller: caller)
            guard let signature = entry.signature else {
                throw SluiceError(
                    .modelUnavailable, "model \"\(name)\" is not available", detail: [.init("model", name)])
            }
            return HTTPResponse(
                json: OpenInferenceCodec().modelMetadata(
                    name: name, versions: [entry.model.version],
                    platform: entry.model.loaded?.description.platform ?? "", signature: signature,
                    media: Dictionary(
                        entry.model.decoders.map { ($0.input, $0.accepts) }, uniquingKeysWith: { first, _ in first })))
        case .modelReady(let name, let version):
            let entry = try gate.entry(name: name, version: version, caller: caller)
            return flag("ready", entry.isReady, name: name)
        case .modelConfiguration(let name, let version):
            let entry = try gate.entry(name: name, version: version, caller: caller)
            return HTTPResponse(json: try ConfigurationDocument(entry).encoded())
        case .statistics(let name, let version):
            return HTTPResponse(json: StatisticsDocument(entries: try entries(name, version, caller: caller)).encoded())
        case .repositoryIndex:
            return HTTPResponse(json: RepositoryDocument(entries: try gate.catalogue(caller: caller)).encoded())
        case .repositoryLoad(let name):
            try gate.loadModel(named: name, caller: caller)
            return HTTPResponse(json: Array("{}".utf8))
        case .repositoryUnload(let name):
            try gate.unloadModel(named: name, caller: caller)
            return HTTPResponse(json: Array("{}".utf8))
        case .traceSettings(let name):
            if let name { _ = try gate.entry(name: name, version: nil, caller: caller) }
            try checkNoChange(plan, body)
            return HTTPResponse(json: SettingsDocument.trace())
        case .logSettings:
            try checkNoChange(plan, body)
            return HTTPResponse(json: SettingsDocument.log(gate.configuration.observability))
        case .sharedMemory(let request):
            return try sharedMemory(request, body: body, caller: caller)
        default:
            throw SluiceError(.internalError, "this endpoint is answered elsewhere")
        }
    }

    /// One model, or all that the caller may use.
    func entries(_ name: String?, _ version: String?, caller: Credentials) throws(SluiceError) -> [ModelEntry] {
        guard let name else { return try gate.catalogue(caller: caller) }
        return [try gate.entry(name: name, version: version, caller: caller)]
    }

    private func checkNoChange(_ plan: RequestPlan, _ body: RequestBody) throws(SluiceError) {
        if plan.method == "POST", !SettingsDocument.isEmpty(body) { throw SettingsDocument.refusal }
    }
}
