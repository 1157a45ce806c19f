package import Tensors

/// The documents of Triton's generate extension: inputs and outputs by name, without shapes and data types.
///
/// Requests are read as the unified endpoint's JSON is (`{"text_input": "…", "parameters": {…}}`); answers have each output
/// beside the model's name, a lone element bare, several as a flat array.
package struct GenerateCodec: Sendable {
    package init() {}

    /// Writes one answer, or one part of an answer as a server-sent event.
    ///
    /// - Throws: `not_acceptable` where JSON can't carry an output.
    package func encode(
        _ outputs: [Tensor], model: String, version: String, id: String?, asEvent: Bool
    ) throws(SluiceError) -> EncodedBody {
        var writer = JSONWriter(reserving: 256)
        writer.beginObject()
        if let id {
            writer.key("id")
            writer.string(id)
        }
        writer.key("model_name")
        writer.string(model)
        writer.key("model_version")
        writer.string(version)
        for output in outputs {
            if let index = ElementReader(output).firstNonFinite {
                throw .notJSON(output, element: index, instead: "ask by /infer, for binary")
            }
            writer.key(output.name)
            if output.elementCount == 1, let scalar = try? output.reshaped([]) {
                writer.elements(of: scalar)
            } else {
                writer.flatElements(of: output)
            }
        }
        writer.endObject()
        let line = EncodedBody(mediaType: "application/json", segments: [.bytes(writer.bytes)])
        guard asEvent else { return line }
        return EncodedBody(
            event: EncodedBody(mediaType: "", segments: line.segments + [.bytes([UInt8(ascii: "\n")])]))
    }
}

extension Tensor {
    /// The same elements in another shape of as many.
    fileprivate func reshaped(_ shape: [Int]) throws(SluiceError) -> Tensor {
        if let offsets { return try Tensor(name: name, bytesOf: shape, data: storage, offsets: offsets) }
        return try Tensor(
            name: name, dataType: dataType, shape: shape, storage: storage, byteOffset: byteOffset, byteCount: byteCount
        )
    }
}
