internal import Codecs
internal import Gateway
internal import PluginHost
internal import Tensors

/// What `GET /v1/models` and `GET /v1/models/{model}` say: each model's inputs and outputs, and how to call it.
struct ModelDocument {
    private let entry: ModelEntry
    private let codecs: CodecRegistry

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
        json.strings(AnswerFormat.allCases.map(\.mediaType))
        json.endObject()
        return json.bytes
    }

    /// A body for each format that can carry the model's inputs, with the command that sends it.
    private func writeSamples(_ signature: ModelSignature, to json: inout JSONWriter) {
        json.key("accepts")
        json.beginArray()
        for mediaType in CodecRegistry.requestMediaTypes {
            guard let sample = codecs.sample(for: signature, mediaType: mediaType) else { continue }
            let bytes = sample.segments.flatMap { segment -> [UInt8] in
                switch segment {
                case .bytes(let bytes): bytes
                case .tensor(let tensor): unsafe tensor.withBytes { unsafe Array($0) }
                }
            }
            json.beginObject()
            json.member("content_type", mediaType)
            if bytes.count <= 4096, !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) {
                json.member("sample", text)
                json.member(
                    "curl",
                    "curl -H 'Content-Type: \(mediaType)' --data-binary '\(text.shellQuoted)' "
                        + "http://HOST/v1/infer/\(entry.name)")
            } else {
                json.key("sample_bytes")
                json.number(bytes.count)
                json.member(
                    "curl",
                    "curl -H 'Content-Type: \(mediaType)' --data-binary @FILE http://HOST/v1/infer/\(entry.name)")
            }
            json.endObject()
        }
        json.beginObject()
        json.member("content_type", "multipart/form-data")
        let fields = signature.inputs.map { spec in
            let isFile = entry.model.decoders.contains { $0.input == spec.name }
            return "-F '\(spec.name.shellQuoted)=\(isFile ? "@FILE" : "VALUE")'"
        }
        json.member("curl", "curl \(fields.joined(separator: " ")) http://HOST/v1/infer/\(entry.name)")
        json.endObject()
        for decoder in entry.model.decoders {
            for mediaType in decoder.accepts {
                json.beginObject()
                json.member("content_type", mediaType)
                json.member("input", decoder.input)
                json.member(
                    "curl",
                    "curl -H 'Content-Type: \(mediaType)' --data-binary @FILE http://HOST/v1/infer/\(entry.name)")
                json.endObject()
            }
        }
        json.endArray()
    }
}

extension JSONWriter {
    /// One key with a string.
    mutating func member(_ key: String, _ value: String) {
        self.key(key)
        string(value)
    }

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

extension String {
    /// The text as it stands between single quotes of a shell.
    fileprivate var shellQuoted: String {
        split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
    }
}
