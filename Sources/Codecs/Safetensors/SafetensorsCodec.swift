package import Tensors

/// Hugging Face's safetensors: named tensors of numbers behind a JSON header.
package enum SafetensorsCodec {
    /// Reads a file whose tensors are the model's inputs, each by its name, converting their types as npy arrays' are.
    ///
    /// A tensor that has the declared type isn't copied where it lies at a multiple of 64 bytes.
    ///
    /// - Throws: `malformed_body` for what is no safetensors file, `invalid_input` for tensors that the model doesn't take.
    package static func decode(_ body: RequestBody, signature: ModelSignature) throws(SluiceError) -> [Tensor] {
        let bytes = body.bytes
        defer { withExtendedLifetime(body.storage) {} }
        let header = try SafetensorsHeader(bytes)
        let arrays = try NamedArrays(header.entries.map(\.name), signature: signature, format: "safetensors")
        var tensors: [Tensor] = []
        for (spec, index) in arrays.matches {
            let entry = header.entries[index]
            guard spec.dataType != .bytes else {
                throw SluiceError(
                    .invalidInput,
                    "input \"\(spec.name)\" (\(spec.text)) takes strings, which safetensors doesn't have; send JSON or npz",
                    detail: [.init("input", spec.name), .init("expected", spec.text)])
            }
            let start = header.dataOffset + entry.range.lowerBound
            let array = NumberArray(
                input: spec.name, noun: "tensor", type: entry.type, arrayShape: entry.shape,
                shape: spec.rowShape(entry.shape),
                bytes: UnsafeRawBufferPointer(rebasing: bytes[start..<(start + entry.range.count)]))
            tensors.append(
                try array.tensor(
                    of: spec.dataType, storage: body.storage, byteOffset: body.range.lowerBound + start))
        }
        return tensors
    }

    /// Writes outputs as one file. The header is filled up so that the first tensor lies at a multiple of 64 bytes, and
    /// the widest elements come first, so that each lies at a multiple of its own width.
    ///
    /// - Throws: `not_acceptable` where an output holds strings.
    package static func encode(
        _ tensors: [Tensor], facts: CodecRegistry.AnswerFacts
    ) throws(SluiceError) -> EncodedBody {
        if let strings = tensors.first(where: { $0.dataType == .bytes }) {
            throw SluiceError(
                .notAcceptable,
                """
                output "\(strings.name)" holds strings, which safetensors doesn't have; ask for the others with \
                ?outputs=NAME, or for application/json or application/x-npz
                """,
                detail: [.init("output", strings.name)])
        }
        let ordered = tensors.enumerated().sorted { left, right in
            (right.element.dataType.byteWidth, left.offset) < (left.element.dataType.byteWidth, right.offset)
        }.map(\.element)
        var json = JSONWriter()
        json.beginObject()
        json.key("__metadata__")
        json.beginObject()
        let own = [("model", facts.model), ("version", facts.version), ("id", facts.id)]
        for (key, value) in own {
            json.key(key)
            json.string(value)
        }
        for parameter in facts.parameters where !own.contains(where: { $0.0 == parameter.key }) {
            json.key(parameter.key)
            json.string(parameter.value.text)
        }
        json.endObject()
        var offset = 0
        for tensor in ordered {
            json.key(tensor.name)
            json.beginObject()
            json.key("dtype")
            json.string(SafetensorsHeader.name(of: tensor.dataType) ?? "")
            json.key("shape")
            json.numbers(tensor.shape)
            json.key("data_offsets")
            json.numbers([offset, offset + tensor.byteCount])
            json.endObject()
            offset += tensor.byteCount
        }
        json.endObject()
        let prefix = 8
        var header = json.bytes
        let padding =
            (TensorStorage.alignment - (header.count + prefix) % TensorStorage.alignment) % TensorStorage.alignment
        header.append(contentsOf: repeatElement(UInt8(ascii: " "), count: padding))
        let length = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) }
        return EncodedBody(
            mediaType: AnswerFormat.safetensors.mediaType,
            segments: [.bytes(length + header)] + ordered.map { .tensor($0) })
    }
}
