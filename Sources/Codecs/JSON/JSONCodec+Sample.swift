package import Tensors

extension JSONCodec {
    /// The most elements of a sample: more is nothing to look at.
    private static let sampleLimit = 4096

    /// A request body with plausible values that the model accepts; `nil` where it would have more than 4,096 elements.
    ///
    /// Rows are objects where the model's only input names its columns; otherwise each input stands under its name.
    package func sample(for signature: ModelSignature) -> EncodedBody? {
        var writer = JSONWriter()
        writer.beginObject()
        if signature.inputs.count == 1, let columns = signature.inputs.first?.columns, !columns.isEmpty,
            signature.inputs[0].shape.map({ $0.count == 2 && $0[0] < 2 && ($0[1] < 0 || $0[1] == columns.count) })
                ?? true
        {
            writer.key("rows")
            writer.beginArray()
            writer.beginObject()
            for (index, column) in columns.enumerated() {
                writer.key(column)
                writer.sampleElement(signature.inputs[0].dataType, index)
            }
            writer.endObject()
            writer.endArray()
        } else {
            writer.key("inputs")
            writer.beginObject()
            for spec in signature.inputs {
                let shape = Self.sampleShape(spec)
                guard let count = Shape.elementCount(shape), count <= Self.sampleLimit else { return nil }
                writer.key(spec.name)
                var next = 0
                writer.sampleElements(spec.dataType, shape[...], &next)
            }
            writer.endObject()
        }
        writer.endObject()
        return EncodedBody(mediaType: AnswerFormat.json.mediaType, segments: [.bytes(writer.bytes)])
    }

    /// One row; free dimensions after the first are as long as there are columns, or 1.
    private static func sampleShape(_ spec: TensorSpec) -> [Int] {
        guard let shape = spec.shape else { return [1, max(spec.columns.count, 1)] }
        return shape.enumerated().map { axis, dimension in
            if dimension >= 0 { return dimension }
            return axis > 0 && axis == shape.count - 1 ? max(spec.columns.count, 1) : 1
        }
    }
}

extension JSONWriter {
    fileprivate mutating func sampleElements(_ dataType: DataType, _ shape: ArraySlice<Int>, _ next: inout Int) {
        guard let length = shape.first else {
            sampleElement(dataType, next)
            next += 1
            return
        }
        beginArray()
        for _ in 0..<length { sampleElements(dataType, shape.dropFirst(), &next) }
        endArray()
    }

    fileprivate mutating func sampleElement(_ dataType: DataType, _ index: Int) {
        switch dataType {
        case .bool: bool(index % 2 == 0)
        case .bytes: string("text")
        case .fp16, .bf16, .fp32, .fp64: number(Double(index % 8) + 0.5)
        default: number(index % 8 + 1)
        }
    }
}
