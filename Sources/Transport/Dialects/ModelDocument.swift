internal import Codecs
internal import Gateway
internal import PluginHost
internal import Tensors

/// What `GET /v1/models` and `GET /v1/models/{model}` say: each model's inputs and outputs, and how to call it.
struct ModelDocument {
    let entry: ModelEntry
    let codecs: CodecRegistry

    init(_ entry: ModelEntry, codecs: CodecRegistry) {
        self.entry = entry
        self.codecs = codecs
    }

    /// The entry in the list of all models.
    func writeSummary(to json: inout JSONWriter) {
        json.beginObject()
        json.member("name", entry.name)
        json.member("version", entry.model.version)
        json.key("ready")
        json.bool(entry.isReady)
        json.member("infer", "/v1/infer/\(entry.name)")
        json.member("about", "/v1/models/\(entry.name)")
        json.endObject()
    }

    /// The whole document.
    func encoded() -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.openAIFacts(of: entry)
        json.member("name", entry.name)
        json.member("version", entry.model.version)
        json.key("ready")
        json.bool(entry.isReady)
        json.member("infer", "/v1/infer/\(entry.name)")
        if let description = entry.model.loaded?.description {
            json.member("platform", description.platform)
            json.key("streams")
            json.bool(description.streams)
            json.key("metadata")
            json.beginObject()
            for fact in description.metadata { json.member(fact.key, fact.value) }
            json.endObject()
        }
        if let signature = entry.signature {
            json.key("batched")
            json.bool(signature.batching != .none)
            json.specs(signature.inputs, as: "inputs")
            json.specs(signature.outputs, as: "outputs")
            writeSamples(signature, to: &json)
        }
        json.key("answers")
        json.strings(AnswerFormat.allCases.map(\.mediaType) + entry.model.writtenMedia)
        json.endObject()
        return json.bytes
    }
}

extension JSONWriter {
    /// One key with a string.
    mutating func member(_ key: String, _ value: String) {
        self.key(key)
        string(value)
    }

    /// Longer lists of labels aren't shown.
    private static let mostLabels = 1000

    /// One key with what a model declares of its inputs or outputs.
    mutating func specs(_ specs: [TensorSpec], as key: String) {
        self.key(key)
        beginArray()
        for spec in specs {
            beginObject()
            member("name", spec.name)
            member("datatype", spec.dataType.name)
            if let shape = spec.shape {
                self.key("shape")
                numbers(shape)
            }
            if !spec.columns.isEmpty {
                self.key("columns")
                strings(spec.columns)
            }
            if !spec.labels.isEmpty {
                self.key("label_count")
                number(spec.labels.count)
                if spec.labels.count <= Self.mostLabels {
                    self.key("labels")
                    strings(spec.labels)
                }
            }
            if let summary = spec.summary { member("summary", summary) }
            endObject()
        }
        endArray()
    }
}

extension ModelSignature.Batching {
    /// As documents name it.
    var text: String {
        switch self {
        case .none: "none"
        case .concat: "concat"
        case .list: "list"
        }
    }
}
