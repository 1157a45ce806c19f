internal import CDocumentation
internal import Codecs
internal import Configuration
internal import Foundation
internal import Gateway
internal import Tensors

/// The OpenAPI document of one listener, as one caller sees it: the endpoints, which are the same for all, and an
/// operation of its own for each model with the types of its inputs and outputs.
struct OpenAPIDocument {
    private let entries: [ModelEntry]
    private let serves: Set<ListenerConfiguration.Service>

    /// - Parameter entries: the models that the caller may use.
    init(_ entries: [ModelEntry], serves: Set<ListenerConfiguration.Service>) {
        self.entries = entries
        self.serves = serves
    }

    /// - Throws: `internal_error` where the part that is the same for all can't be read, which a test rules out.
    func encoded(version: String) throws(SluiceError) -> [UInt8] {
        guard var document = Self.object(DocumentationFile.openAPI.bytes),
            var info = document["info"] as? [String: Any],
            let paths = document["paths"] as? [String: [String: [String: Any]]]
        else { throw SluiceError(.internalError, "the OpenAPI document can't be read") }
        info["version"] = version
        document["info"] = info
        var all: [String: Any] = paths.compactMapValues { operations in
            let served = operations.filter { isServed($0.value) }.mapValues { operation in
                operation.filter { $0.key != "x-serves" }
            }
            return served.isEmpty ? nil : served
        }
        if serves.contains(.inference) {
            for entry in entries {
                guard let signature = entry.signature else { continue }
                let name = entry.name.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? entry.name
                all["/v1/infer/\(name)"] = ["post": operation(of: entry, signature)]
            }
        }
        document["paths"] = all
        let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? JSONSerialization.data(withJSONObject: document, options: options) else {
            throw SluiceError(.internalError, "the OpenAPI document can't be written")
        }
        return Array(data)
    }

    private static func object(_ bytes: [UInt8]) -> [String: Any]? {
        (try? JSONSerialization.jsonObject(with: Data(bytes))) as? [String: Any]
    }

    private func isServed(_ operation: [String: Any]) -> Bool {
        let service = (operation["x-serves"] as? String).flatMap(ListenerConfiguration.Service.init(rawValue:))
        return serves.contains(service ?? .inference)
    }

    // MARK: One model

    private func operation(of entry: ModelEntry, _ signature: ModelSignature) -> [String: Any] {
        let codecs = CodecRegistry()
        var bodies: [String: Any] = [
            "application/json": [
                "schema": Self.schema(
                    of: signature.inputs,
                    more: ["id": ["type": "string", "maxLength": 1024], "parameters": ["type": "object"]]),
                "example": codecs.sample(for: signature, mediaType: "application/json").flatMap(Self.example) ?? [:],
            ]
        ]
        for mediaType in CodecRegistry.requestMediaTypes
        where mediaType != "application/json" && codecs.sample(for: signature, mediaType: mediaType) != nil {
            bodies[mediaType] = ["schema": ["type": "string", "format": "binary"]]
        }
        bodies["multipart/form-data"] = ["schema": Self.form(of: signature.inputs)]
        for mediaType in entry.model.acceptedMedia {
            bodies[mediaType] = ["schema": ["type": "string", "format": "binary"]]
        }
        let answer: [String: Any] = [
            "type": "object", "required": ["model", "version", "id", "outputs"],
            "properties": [
                "model": ["const": entry.name], "version": ["type": "string"], "id": ["type": "string"],
                "parameters": ["type": "object"],
                "outputs": Self.schema(of: signature.outputs, more: [:], isAnswer: true),
            ],
        ]
        let text: [String: Any] = ["schema": ["type": "string"]]
        // Readers of the document take a schema here for one of each event, not of the text.
        let events: [String: Any] = [:]
        var answers: [String: Any] = [
            "application/json": ["schema": answer], "text/csv": text,
            "text/tab-separated-values": text, "application/xml": text,
            "application/x-npy": text, "application/x-npz": text, "application/x-safetensors": text,
            "application/x-protobuf": text, "application/vnd.apache.arrow.stream": text,
            "application/x-ndjson": text, "text/event-stream": events,
        ]
        for mediaType in entry.model.writtenMedia {
            answers[mediaType] = ["schema": ["type": "string", "format": "binary"]]
        }
        return [
            "tags": ["Inference"], "operationId": "infer_\(entry.name)",
            "summary": "Run \(entry.name), version \(entry.model.version)",
            "parameters": [["$ref": "#/components/parameters/outputs"], ["$ref": "#/components/parameters/top"]],
            "requestBody": ["required": true, "content": bodies],
            "responses": [
                "200": [
                    "description": "The outputs, in the format that Accept names",
                    "content": answers,
                ],
                "default": ["$ref": "#/components/responses/Error"],
            ],
        ]
    }

    private static func example(_ body: EncodedBody) -> Any? {
        guard case .bytes(let bytes)? = body.segments.first, body.segments.count == 1, bytes.count <= 4096 else {
            return nil
        }
        return try? JSONSerialization.jsonObject(with: Data(bytes))
    }

    /// A form with a field or file for each input.
    private static func form(of specs: [TensorSpec]) -> [String: Any] {
        var properties: [String: Any] = [:]
        for spec in specs { properties[spec.name] = ["type": "string", "description": spec.text] }
        return ["type": "object", "properties": properties]
    }

    /// An object with a member for each tensor.
    private static func schema(of specs: [TensorSpec], more: [String: Any], isAnswer: Bool = false) -> [String: Any] {
        var properties = more
        for spec in specs { properties[spec.name] = schema(of: spec) }
        var schema: [String: Any] = ["type": "object", "properties": properties]
        // Outputs may be left out by `outputs`.
        if !isAnswer { schema["required"] = specs.map(\.name) }
        return schema
    }

    /// Lists within each other, as the shape is; a tensor of any rank is anything.
    private static func schema(of spec: TensorSpec) -> [String: Any] {
        let about = [spec.text, spec.summary].compactMap { $0 }.joined(separator: ": ")
        guard let shape = spec.shape else { return ["description": about] }
        var schema: [String: Any] = element(of: spec.dataType)
        for (axis, dimension) in shape.enumerated().reversed() {
            schema = ["type": "array", "items": schema]
            if dimension >= 0 {
                schema["minItems"] = dimension
                schema["maxItems"] = dimension
            }
            if axis == shape.count - 1, !spec.columns.isEmpty { schema["x-columns"] = spec.columns }
        }
        schema["description"] = about
        return schema
    }

    private static func element(of dataType: DataType) -> [String: Any] {
        switch dataType {
        case .bool: ["type": "boolean"]
        case .bytes: ["type": "string"]
        case .fp16, .bf16, .fp32, .fp64: ["type": "number"]
        case .int8: integer(Int8.self)
        case .int16: integer(Int16.self)
        case .int32: integer(Int32.self)
        case .int64: integer(Int64.self)
        case .uint8: integer(UInt8.self)
        case .uint16: integer(UInt16.self)
        case .uint32: integer(UInt32.self)
        case .uint64: integer(UInt64.self)
        }
    }

    private static func integer<Number: FixedWidthInteger>(_ type: Number.Type) -> [String: Any] {
        ["type": "integer", "minimum": Int64(clamping: Number.min), "maximum": UInt64(clamping: Number.max)]
    }
}
