internal import Codecs
internal import Gateway
internal import Tensors

extension ModelDocument {
    /// A body for each format that can carry the model's inputs, with the command that sends it.
    func writeSamples(_ signature: ModelSignature, to json: inout JSONWriter) {
        json.key("accepts")
        json.beginArray()
        for mediaType in CodecRegistry.requestMediaTypes {
            guard let sample = codecs.sample(for: signature, mediaType: mediaType) else { continue }
            let bytes = sample.contents
            let command = SampleCommand(bytes, mediaType: mediaType, url: url)
            json.beginObject()
            json.member("content_type", mediaType)
            if let text = command.text {
                json.member("sample", text)
            } else {
                json.key("sample_bytes")
                json.number(bytes.count)
            }
            json.member("curl", command.curl)
            json.endObject()
        }
        json.beginObject()
        json.member("content_type", "multipart/form-data")
        json.member("curl", formCommand(signature))
        json.endObject()
        for decoder in entry.model.decoders {
            for mediaType in decoder.accepts {
                let file = MediaSamples.file(mediaType, for: decoder, of: signature)
                json.beginObject()
                json.member("content_type", mediaType)
                json.member("input", decoder.input)
                if let file {
                    json.key("sample_bytes")
                    json.number(file.count)
                }
                let input = entry.model.decoders.count > 1 ? decoder.input : nil
                let command =
                    file.map { SampleCommand($0, mediaType: mediaType, url: url, input: input).curl }
                    ?? SampleCommand.ofFile(mediaType, url: url, input: input)
                json.member("curl", command)
                json.endObject()
            }
        }
        json.endArray()
    }

    private var url: String { "http://HOST/v1/infer/\(entry.name.shellQuoted)" }

    /// A form with a field for each input; of files, one can be told by the command itself.
    private func formCommand(_ signature: ModelSignature) -> String {
        var fields: [String] = []
        var standardInput: String?
        for spec in signature.inputs {
            let name = spec.name.shellQuoted
            if let decoder = entry.model.decoders.first(where: { $0.input == spec.name }) {
                let type = ["image/png", "audio/wav"].first { decoder.accepts.contains($0) }
                let packed = type.flatMap { MediaSamples.file($0, for: decoder, of: signature) }
                    .flatMap { SampleCommand.printing($0) }
                if let type, let packed, standardInput == nil {
                    standardInput = packed
                    fields.append("-F '\(name)=@-;type=\(type)'")
                } else {
                    fields.append("-F '\(name)=@FILE'")
                }
            } else if let value = fieldValue(spec, of: signature) {
                fields.append("--form-string '\(name)=\(value.shellQuoted)'")
            } else {
                fields.append("-F '\(name)=@FILE'")
            }
        }
        let command = "curl \(fields.joined(separator: " ")) '\(url)'"
        return standardInput.map { "\($0) | \(command)" } ?? command
    }

    /// What a field of a form says for an input: a JSON document of that input alone.
    private func fieldValue(_ spec: TensorSpec, of signature: ModelSignature) -> String? {
        if spec.dataType == .bytes {
            return codecs.sample(
                for: ModelSignature(inputs: [spec], outputs: [], batching: signature.batching),
                mediaType: "application/octet-stream"
            ).flatMap { SampleCommand.shown($0.contents) }
        }
        return codecs.sample(
            for: ModelSignature(inputs: [spec], outputs: [], batching: signature.batching),
            mediaType: "application/json"
        ).flatMap { SampleCommand.shown($0.contents) }
    }
}

extension EncodedBody {
    /// All of its bytes.
    fileprivate var contents: [UInt8] {
        segments.flatMap { segment -> [UInt8] in
            switch segment {
            case .bytes(let bytes): bytes
            case .tensor(let tensor): unsafe tensor.withBytes { unsafe Array($0) }
            }
        }
    }
}
