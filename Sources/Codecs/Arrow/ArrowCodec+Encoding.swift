package import Tensors

extension ArrowCodec {
    /// Writes outputs that share their first axis as a stream of one batch: each is a column, and one of several values a row
    /// a column of fixed-size lists. BYTES are texts where all of them are UTF-8, and BF16 is widened to float.
    ///
    /// - Throws: `not_acceptable` where the outputs are no one table.
    package static func encode(
        _ tensors: [Tensor], facts: CodecRegistry.AnswerFacts
    ) throws(SluiceError) -> EncodedBody {
        guard let first = tensors.first else {
            throw SluiceError(.notAcceptable, "there are no outputs to write as Arrow; ask for application/json")
        }
        let rows = first.shape.first ?? 1
        if let other = tensors.first(where: { ($0.shape.first ?? 1) != rows }) {
            throw SluiceError(
                .notAcceptable,
                """
                Arrow needs outputs with one common first dimension, but "\(first.name)" is \
                \(Shape.text(first.shape)) and "\(other.name)" is \(Shape.text(other.shape)); ask for \
                application/json, or for one of them with ?outputs=NAME
                """,
                detail: [.init("outputs", tensors.map(\.name))])
        }
        var batch = ArrowBatchWriter()
        for tensor in tensors {
            guard tensor.shape.allSatisfy({ $0 <= Int(Int32.max) }) else {
                throw SluiceError(
                    .notAcceptable, "output \"\(tensor.name)\" is too large for Arrow; ask for application/x-npy")
            }
            batch.append(tensor, rows: rows)
        }
        let schema = message(.schema, bodyLength: 0) { builder in
            let fields = tensors.map { field($0, &builder) }
            let own = [("model", facts.model), ("version", facts.version), ("id", facts.id)]
            let metadata = (own + facts.parameters.map { ($0.key, $0.value.text) }).map { key, value in
                let places = (builder.string(key), builder.string(value))
                return builder.table([(0, .reference(places.0)), (1, .reference(places.1))])
            }
            let places = (builder.vector(fields), builder.vector(metadata))
            return builder.table([(1, .reference(places.0)), (2, .reference(places.1))])
        }
        let head = message(.batch, bodyLength: batch.length) { builder in
            let buffers = builder.vector(batch.buffers)
            let nodes = builder.vector(batch.nodes)
            return builder.table([
                (0, .int64(Int64(rows))), (1, .reference(nodes)), (2, .reference(buffers)),
            ])
        }
        let end: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0]
        return EncodedBody(
            mediaType: AnswerFormat.arrow.mediaType,
            segments: [.bytes(schema + head)] + batch.segments + [.bytes(end)])
    }

    /// A header of a message, by its number.
    private enum Header: UInt8 {
        case schema = 1
        case batch = 3
    }

    /// One message, without what it is about.
    private static func message(
        _ header: Header, bodyLength: Int, _ write: (inout FlatBuilder) -> Int
    ) -> [UInt8] {
        var builder = FlatBuilder()
        let content = write(&builder)
        let root = builder.table([
            (3, .int64(Int64(bodyLength))), (2, .reference(content)), (0, .int16(4)), (1, .int8(header.rawValue)),
        ])
        var metadata = builder.finish(root: root)
        // What follows lies at a multiple of 64 bytes, counted from the message's own beginning.
        let padding = (64 - (metadata.count + 8) % 64) % 64
        metadata.append(contentsOf: repeatElement(0, count: padding))
        let length = withUnsafeBytes(of: UInt32(metadata.count).littleEndian) { Array($0) }
        return [0xFF, 0xFF, 0xFF, 0xFF] + length + metadata
    }

    /// An output's column in the schema.
    private static func field(_ tensor: Tensor, _ builder: inout FlatBuilder) -> Int {
        var place = field(
            "item", tensor, type: elementType(tensor, &builder), children: [], &builder, isInner: tensor.shape.count > 1
        )
        for size in tensor.shape.dropFirst().reversed().enumerated() {
            let list = builder.table([(0, .int32(Int32(size.element)))])
            let isOutermost = size.offset == tensor.shape.count - 2
            place = field("item", tensor, type: (16, list), children: [place], &builder, isInner: !isOutermost)
        }
        return place
    }

    private static func field(
        _ inner: String, _ tensor: Tensor, type: (number: UInt8, place: Int), children: [Int],
        _ builder: inout FlatBuilder, isInner: Bool
    ) -> Int {
        let children = builder.vector(children)
        let name = builder.string(isInner ? inner : tensor.name)
        return builder.table([
            (0, .reference(name)), (3, .reference(type.place)), (5, .reference(children)), (2, .int8(type.number)),
            (1, .int8(0)),
        ])
    }

    /// The type of its elements, by its number in the union `Type`.
    private static func elementType(_ tensor: Tensor, _ builder: inout FlatBuilder) -> (number: UInt8, place: Int) {
        switch tensor.dataType {
        case .bool: (6, builder.table([]))
        case .uint8: (2, integer(8, isSigned: false, &builder))
        case .uint16: (2, integer(16, isSigned: false, &builder))
        case .uint32: (2, integer(32, isSigned: false, &builder))
        case .uint64: (2, integer(64, isSigned: false, &builder))
        case .int8: (2, integer(8, isSigned: true, &builder))
        case .int16: (2, integer(16, isSigned: true, &builder))
        case .int32: (2, integer(32, isSigned: true, &builder))
        case .int64: (2, integer(64, isSigned: true, &builder))
        case .fp16: (3, builder.table([(0, .int16(0))]))
        case .bf16, .fp32: (3, builder.table([(0, .int16(1))]))
        case .fp64: (3, builder.table([(0, .int16(2))]))
        case .bytes: (ArrowBatchWriter.isText(tensor) ? 20 : 19, builder.table([]))
        }
    }

    private static func integer(_ bits: Int32, isSigned: Bool, _ builder: inout FlatBuilder) -> Int {
        builder.table([(0, .int32(bits)), (1, .int8(isSigned ? 1 : 0))])
    }
}
