package import Tensors

/// ONNX's `TensorProto`: one tensor as a protocol buffers message, e.g. `input_0.pb` of its test data.
package enum TensorProtoCodec {
    /// Reads a message as the model's only input, converting its type as an npy array's is.
    ///
    /// - Parameter input: what `Sluice-Input` says.
    /// - Throws: `malformed_body`; `invalid_input` for a tensor that the input doesn't take.
    package static func decode(
        _ body: RequestBody, input: String?, signature: ModelSignature
    ) throws(SluiceError) -> Tensor {
        let spec = try signature.onlyInput(named: input, body: "a TensorProto")
        defer { withExtendedLifetime(body.storage) {} }
        let proto = try TensorProtoReader(body.bytes)
        guard proto.name.isEmpty || proto.name == spec.name else {
            throw SluiceError(
                .invalidInput,
                "the TensorProto is named \(Quote.text(proto.name)), but the input \"\(spec.name)\"",
                detail: [.init("input", Quote.shortened(proto.name)), .init("inputs", [spec.name])])
        }
        guard let (type, field) = TensorProtoType.find(proto.typeNumber) else {
            throw SluiceError(
                .invalidInput,
                proto.typeNumber == 0
                    ? "the TensorProto has no data_type; the body may be another message"
                    : "TensorProtos of type \(TensorProtoType.name(proto.typeNumber)) are not read here")
        }
        guard let count = Shape.elementCount(proto.shape) else {
            throw SluiceError(
                .malformedBody, "the TensorProto's shape \(Shape.text(proto.shape)) is larger than any body")
        }
        try requireOnlyItsOwnElements(proto, type, field)
        guard (type == .bytes) == (spec.dataType == .bytes) else {
            throw SluiceError(
                .invalidInput,
                "input \"\(spec.name)\" (\(spec.text)) takes \(type == .bytes ? "numbers" : "strings"), "
                    + "but the TensorProto holds \(type)",
                detail: [.init("input", spec.name), .init("expected", spec.text), .init("got", type.name)])
        }
        let shape = spec.rowShape(proto.shape)
        if type == .bytes {
            try require(count, found: proto.strings.count, shape: proto.shape, type)
            return try proto.strings.finish(name: spec.name, shape: shape)
        }
        let bytes: UnsafeRawBufferPointer
        let storage: TensorStorage
        var offset = 0
        if let raw = proto.raw {
            guard Shape.byteCount(proto.shape, of: type) == raw.count else {
                throw SluiceError(
                    .malformedBody,
                    "the TensorProto is \(type)\(Shape.text(proto.shape)), but its raw_data has \(raw.count) bytes")
            }
            (storage, bytes) = (body.storage, raw)
            offset = raw.baseAddress.map { $0 - UnsafeRawPointer(body.storage.base) } ?? 0
        } else {
            let numbers = try proto.numbers(type, field: field)
            try require(count, found: numbers.count, shape: proto.shape, type)
            storage = numbers.storage
            bytes = UnsafeRawBufferPointer(rebasing: storage.bytes[..<(count * type.byteWidth)])
        }
        defer { withExtendedLifetime(storage) {} }
        let array = NumberArray(
            input: spec.name, noun: "TensorProto", type: type, arrayShape: proto.shape, shape: shape, bytes: bytes)
        return try array.tensor(of: spec.dataType, storage: storage, byteOffset: offset)
    }

    /// Elements are in one place, so that no two readers see different ones.
    private static func requireOnlyItsOwnElements(
        _ proto: TensorProtoReader, _ type: DataType, _ field: TensorProtoType.Field
    ) throws(SluiceError) {
        var allowed: Set<Int> = [field.rawValue]
        if proto.raw != nil { allowed = [] }
        guard proto.typedFields.isSubset(of: allowed), proto.raw == nil || type != .bytes else {
            throw SluiceError(
                .malformedBody, "the TensorProto has elements in other fields than \(type)'s own, or in two")
        }
    }

    private static func require(
        _ count: Int, found: Int, shape: [Int], _ type: DataType
    ) throws(SluiceError) {
        guard count == found else {
            throw SluiceError(
                .malformedBody,
                "the TensorProto is \(type)\(Shape.text(shape)), which takes \(count) elements, but it has \(found)")
        }
    }

    /// Writes one output, its numbers as `raw_data`.
    ///
    /// - Throws: `not_acceptable` where there is not exactly one.
    package static func encode(_ tensors: [Tensor]) throws(SluiceError) -> EncodedBody {
        guard let tensor = tensors.first, tensors.count == 1 else {
            let names = tensors.map { "\"\($0.name)\"" }.joined(separator: ", ")
            throw SluiceError(
                .notAcceptable,
                """
                a TensorProto is one tensor, but there are \(tensors.count) outputs (\(names)); ask for one with \
                ?outputs=NAME
                """,
                detail: [.init("outputs", tensors.map(\.name))])
        }
        var writer = ProtobufWriter()
        writer.packed(1, tensor.shape)
        writer.varint(2, UInt64(TensorProtoType.number(of: tensor.dataType)))
        writer.string(8, tensor.name)
        var segments: [EncodedBody.Segment]
        if tensor.dataType == .bytes {
            for index in 0..<tensor.elementCount {
                tensor.withElement(index) { element in
                    writer.header(TensorProtoType.Field.string.rawValue, length: element.count)
                    writer.append(element)
                }
            }
            segments = [.bytes(writer.bytes)]
        } else {
            writer.header(9, length: tensor.byteCount)
            segments = [.bytes(writer.bytes), .tensor(tensor)]
        }
        return EncodedBody(mediaType: AnswerFormat.protobuf.mediaType, segments: segments)
    }
}
