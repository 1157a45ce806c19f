internal import Tensors

/// Plausible inputs of a model, one row of each, to be shown as a sample request.
struct SampleInputs {
    private let signature: ModelSignature
    private let tensors: [Tensor]

    /// - Parameter maximumElements: larger inputs make no sample.
    init?(_ signature: ModelSignature, maximumElements: Int) {
        self.signature = signature
        var tensors: [Tensor] = []
        for spec in signature.inputs {
            let rank1 = spec.columns.isEmpty ? [1] : [1, spec.columns.count]
            var shape = (spec.shape ?? rank1).map { $0 < 0 ? 1 : $0 }
            if let last = shape.indices.last, last > 0, spec.shape?[last] ?? 0 < 0, !spec.columns.isEmpty {
                shape[last] = spec.columns.count
            }
            guard let count = Shape.elementCount(shape), count <= maximumElements,
                let tensor = Self.tensor(spec, shape: shape, count: count)
            else { return nil }
            tensors.append(tensor)
        }
        guard !tensors.isEmpty else { return nil }
        self.tensors = tensors
    }

    /// The header has every column's name, so the sample is read by name.
    var csv: EncodedBody? {
        guard let body = try? CSVCodec.encode(tensors, specs: signature.inputs) else { return nil }
        return accepted(body)
    }

    var tsv: EncodedBody? {
        guard let body = try? CSVCodec.encode(tensors, specs: signature.inputs, as: .tsv) else { return nil }
        return accepted(body)
    }

    var xml: EncodedBody? { accepted(XMLCodec.encodeRequest(tensors, specs: signature.inputs)) }

    var npy: EncodedBody? {
        guard let body = try? NumpyCodec.encode(tensors) else { return nil }
        return accepted(body)
    }

    var npz: EncodedBody? {
        guard let body = try? NumpyArchive.encode(tensors) else { return nil }
        return accepted(body)
    }

    var safetensors: EncodedBody? {
        let facts = CodecRegistry.AnswerFacts(model: "", version: "", id: "")
        guard let body = try? SafetensorsCodec.encode(tensors, facts: facts) else { return nil }
        return accepted(body)
    }

    var tensorProto: EncodedBody? {
        guard let body = try? TensorProtoCodec.encode(tensors) else { return nil }
        return accepted(body)
    }

    var arrow: EncodedBody? {
        let facts = CodecRegistry.AnswerFacts(model: "", version: "", id: "")
        let columns = Self.columns(of: tensors, specs: signature.inputs)
        guard let body = try? ArrowCodec.encode(columns, facts: facts) else { return nil }
        return accepted(body)
    }

    /// Inputs whose columns have names, as those columns.
    private static func columns(of tensors: [Tensor], specs: [TensorSpec]) -> [Tensor] {
        zip(tensors, specs).flatMap { tensor, spec -> [Tensor] in
            guard !spec.columns.isEmpty, tensor.shape == [1, spec.columns.count], tensor.dataType != .bytes else {
                return [tensor]
            }
            let width = tensor.dataType.byteWidth
            return spec.columns.indices.compactMap { index in
                try? Tensor(
                    name: spec.columns[index], dataType: tensor.dataType, shape: [1], storage: tensor.storage,
                    byteOffset: tensor.byteOffset + index * width, byteCount: width)
            }
        }
    }

    var raw: EncodedBody? {
        guard let tensor = tensors.first, tensors.count == 1 else { return nil }
        let segment: EncodedBody.Segment =
            tensor.dataType == .bytes ? .bytes(Array(tensor.strings.joined().utf8)) : .tensor(tensor)
        return accepted(EncodedBody(mediaType: "application/octet-stream", segments: [segment]))
    }

    /// The body, if the model takes it just so.
    private func accepted(_ body: EncodedBody) -> EncodedBody? {
        var bytes: [UInt8] = []
        for segment in body.segments {
            switch segment {
            case .bytes(let part): bytes.append(contentsOf: part)
            case .tensor(let tensor): tensor.withBytes { bytes.append(contentsOf: $0) }
            }
        }
        let request = RequestBody(bytes.withUnsafeBytes { TensorStorage.copy(of: $0) })
        let facts = CodecRegistry.RequestFacts(contentType: body.mediaType)
        return (try? CodecRegistry().decode(request, facts: facts, signature: signature)) == nil ? nil : body
    }

    private static func tensor(_ spec: TensorSpec, shape: [Int], count: Int) -> Tensor? {
        if spec.dataType == .bytes {
            return try? Tensor(name: spec.name, shape: shape, strings: Array(repeating: "text", count: count))
        }
        let builder = TensorBuilder(spec.dataType, expectedCount: count)
        let value: StaticString = spec.dataType == .bool ? "true" : "1"
        value.withUTF8Buffer { text in
            for _ in 0..<count { try? builder.append(cell: UnsafeRawBufferPointer(text)) }
        }
        return try? builder.finish(name: spec.name, shape: shape)
    }
}
