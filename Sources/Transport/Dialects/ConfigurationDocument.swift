internal import Codecs
internal import Configuration
internal import Gateway
internal import PluginHost
internal import Tensors

/// `GET /v2/models/{model}/config`: the part of Triton's model configuration that holds for any plugin.
struct ConfigurationDocument {
    let entry: ModelEntry
    let signature: ModelSignature

    /// - Throws: `model_unavailable` where no model of the route is loaded.
    init(_ entry: ModelEntry) throws(SluiceError) {
        self.entry = entry
        guard let signature = entry.signature else {
            throw SluiceError(
                .modelUnavailable, "model \"\(entry.name)\" is not available", detail: [.init("model", entry.name)])
        }
        self.signature = signature
    }

    /// The most rows of one request; 0 for a model without batches. Where the model sets no limit, one that no client
    /// reaches stands for it.
    var maximumBatchSize: Int { signature.batching == .none ? 0 : 65_536 }

    /// Dimensions as this document has them: without that of the batch.
    func dimensions(of spec: TensorSpec) -> [Int] {
        let shape = spec.shape ?? [-1]
        return signature.batching == .none ? shape : Array(shape.dropFirst())
    }

    var platform: String { entry.model.loaded?.description.platform ?? "" }
    var streams: Bool { entry.model.loaded?.description.streams ?? false }
    /// The plugin that the model runs in.
    var backend: String { entry.model.configuration.plugin }

    func encoded() -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.member("name", entry.name)
        json.member("platform", platform)
        json.member("backend", backend)
        json.key("max_batch_size")
        json.number(maximumBatchSize)
        write(signature.inputs, as: "input", to: &json)
        write(signature.outputs, as: "output", to: &json)
        json.key("instance_group")
        json.beginArray()
        json.beginObject()
        json.member("name", entry.model.name)
        json.member("kind", "KIND_MODEL")
        json.key("count")
        json.number(1)
        json.endObject()
        json.endArray()
        json.key("model_transaction_policy")
        json.beginObject()
        json.key("decoupled")
        json.bool(streams)
        json.endObject()
        json.endObject()
        return json.bytes
    }

    private func write(_ specs: [TensorSpec], as key: String, to json: inout JSONWriter) {
        json.key(key)
        json.beginArray()
        for spec in specs {
            json.beginObject()
            json.member("name", spec.name)
            json.member("data_type", spec.dataType.tritonName)
            json.key("dims")
            json.numbers(dimensions(of: spec))
            json.endObject()
        }
        json.endArray()
    }
}

extension DataType {
    /// The type's name in a model configuration, e.g. `TYPE_FP32`.
    var tritonName: String { self == .bytes ? "TYPE_STRING" : "TYPE_" + name }
}
