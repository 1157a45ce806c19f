internal import Codecs
internal import Configuration
internal import Gateway
internal import NIOCore
internal import PluginHost
internal import Policies
internal import Telemetry
internal import Tensors

extension Service {
    /// Extensions of the Open Inference Protocol that work here.
    var extensions: [String] {
        let shared = gate.configuration.sharedMemory == nil ? [] : ["system_shared_memory"]
        return [
            "binary_tensor_data", "classification", "generate", "model_configuration", "parameters", "sequence",
            "statistics",
        ] + shared
    }

    /// Answers everything but inference.
    func response(to plan: RequestPlan, body: RequestBody) throws(SluiceError) -> HTTPResponse {
        let caller = plan.caller
        switch plan.endpoint {
        case .welcome:
            return HTTPResponse(json: welcome())
        case .models:
            var json = JSONWriter()
            let entries = try gate.catalogue(caller: caller)
            json.beginObject()
            json.openAIModels(entries)
            json.key("models")
            json.beginArray()
            for entry in entries {
                ModelDocument(entry, codecs: CodecRegistry()).writeSummary(to: &json)
            }
            json.endArray()
            json.endObject()
            return HTTPResponse(json: json.bytes)
        case .model(let name):
            let entry = try gate.entry(name: name, version: nil, caller: caller)
            return HTTPResponse(json: ModelDocument(entry, codecs: CodecRegistry()).encoded())
        case .documentation(.openAPI):
            let document = OpenAPIDocument(try gate.catalogue(caller: caller), serves: listener.serves)
            return HTTPResponse(json: try document.encoded(version: sluiceVersion))
        case .documentation(let file):
            return file.response
        case .live:
            return flag("live", true)
        case .ready:
            let isReady = gate.isReady && !isDraining && !administration.wantsNoRequests
            return flag("ready", isReady)
        case .metrics:
            gate.metrics.refresh(gate.models, gate.breakers, gate.shadows)
            gate.notices.refresh(gate.policies)
            return HTTPResponse(
                mediaType: Exposition.contentType, body: [.bytes(Array(metrics.registry.scrape().utf8))])
        case .infer, .batch, .stream, .openAI, .modelInfer, .generate, .admin:
            throw SluiceError(.internalError, "inference and administration don't come this way")
        default:
            return try openInferenceResponse(to: plan, body: body)
        }
    }

    /// A health answer: 200 or 503, with a body, as kserve's client parses it.
    func flag(_ key: String, _ value: Bool, name: String? = nil) -> HTTPResponse {
        var json = JSONWriter()
        json.beginObject()
        if let name { json.member("name", name) }
        json.key(key)
        json.bool(value)
        json.endObject()
        return HTTPResponse(status: value ? 200 : 503, json: json.bytes)
    }

    private func welcome() -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.member("name", "sluice")
        json.member("version", sluiceVersion)
        json.member("infer", "POST /v1/infer/{model}")
        json.member("batch", "POST /v1/batch/{model}")
        json.member("models", "GET /v1/models")
        json.member("stream", "GET /v1/stream/{model}")
        json.member("openapi", "/openapi.json")
        json.member("docs", "/docs")
        json.member("open_inference", "/v2")
        json.member("grpc", "inference.GRPCInferenceService")
        json.endObject()
        return json.bytes
    }
}
