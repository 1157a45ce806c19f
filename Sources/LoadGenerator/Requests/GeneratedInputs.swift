internal import Foundation
internal import Tensors

/// Inputs made up from a model's metadata, as an Open Inference request.
package struct GeneratedInputs: Sendable {
    package var metadata: ModelMetadata
    /// Shapes by input name, where the metadata leaves sizes open and the defaults won't do.
    package var shapes: [String: [Int]] = [:]
    /// What an open first dimension becomes.
    package var rows = 1
    /// What any other open dimension becomes.
    package var openSize = 16
    package var seed: UInt64 = 1

    package init(_ metadata: ModelMetadata) {
        self.metadata = metadata
    }

    /// The shape that an input is sent with.
    package func shape(of input: ModelMetadata.Tensor) -> [Int] {
        if let shape = shapes[input.name] { return shape }
        // A server that knows no rank says nothing, or [-1]: one row of some values suits every such model.
        if input.shape.isEmpty { return [rows, openSize] }
        return input.shape.enumerated().map { index, size in
            size >= 0 ? size : index == 0 && input.shape.count > 1 ? rows : openSize
        }
    }

    /// The request with values as JSON, or after the JSON in the binary tensor extension.
    package func request(binary: Bool) throws(BenchError) -> RequestTemplate {
        guard !metadata.inputs.isEmpty else { throw BenchError("model \"\(metadata.name)\" declares no inputs") }
        for name in shapes.keys where !metadata.inputs.contains(where: { $0.name == name }) {
            throw BenchError("model \"\(metadata.name)\" has no input \"\(name)\"")
        }
        var generator = SeededGenerator(seed: seed)
        var inputs: [String] = []
        var tail: [UInt8] = []
        for input in metadata.inputs {
            guard let type = DataType(name: input.datatype) else {
                throw BenchError("input \"\(input.name)\" has the unknown data type \"\(input.datatype)\"")
            }
            let shape = shape(of: input)
            guard let count = Self.count(shape) else {
                throw BenchError("input \"\(input.name)\": the shape \(shape) has too many elements")
            }
            var values = TensorValues(type: type, generator: generator)
            let head = "\"name\":\(Self.quoted(input.name)),\"datatype\":\"\(type.name)\",\"shape\":\(shape)"
            if binary {
                let before = tail.count
                values.appendBinary(count: count, to: &tail)
                inputs.append("{\(head),\"parameters\":{\"binary_data_size\":\(tail.count - before)}}")
            } else {
                guard type != .fp16 && type != .bf16 else {
                    throw BenchError("input \"\(input.name)\" is \(type.name), which JSON can't carry: send binary")
                }
                inputs.append("{\(head),\"data\":[\(values.text(count: count))]}")
            }
            generator = values.generator
        }
        var text = "{\"inputs\":[\(inputs.joined(separator: ","))]"
        if binary { text += ",\"parameters\":{\"binary_data_output\":true}" }
        text += "}"
        let json = Array(text.utf8)
        var headers = [("Content-Type", binary ? "application/octet-stream" : "application/json")]
        if binary { headers.append(("Inference-Header-Content-Length", String(json.count))) }
        return RequestTemplate(path: Self.path(model: metadata.name), headers: headers, body: json + tail)
    }

    /// Where a model's inference is.
    package static func path(model: String, suffix: String = "/infer") -> String {
        let allowed = CharacterSet.urlPathAllowed.subtracting(CharacterSet(charactersIn: "/"))
        return "/v2/models/\(model.addingPercentEncoding(withAllowedCharacters: allowed) ?? model)\(suffix)"
    }

    private static func count(_ shape: [Int]) -> Int? {
        var product = 1
        for size in shape {
            let (next, overflow) = product.multipliedReportingOverflow(by: size)
            guard size >= 0, !overflow, next <= 1 << 30 else { return nil }
            product = next
        }
        return product
    }

    private static func quoted(_ text: String) -> String {
        let data = try? JSONEncoder().encode(text)
        return data.map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
    }
}
