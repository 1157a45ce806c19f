internal import Tensors

/// Reads the fields of one `TensorProto`, in whatever order they come. The bytes must outlive the reader.
struct TensorProtoReader {
    /// Elements in one of the typed fields: a packed run of them, or a single one.
    private struct Run {
        var field: Int
        var bytes: UnsafeRawBufferPointer
    }

    /// Runs beyond these are refused: who writes many elements packs them.
    private static let maximumRuns = 65_536

    private(set) var name = ""
    private(set) var shape: [Int] = []
    private(set) var typeNumber = 0
    private(set) var raw: UnsafeRawBufferPointer?
    /// The elements of `string_data`.
    let strings = TensorBuilder(.bytes)
    private var runs: [Run] = []

    /// - Throws: `malformed_body`; `invalid_input` for a tensor that isn't in the message.
    init(_ bytes: UnsafeRawBufferPointer) throws(SluiceError) {
        var reader = ProtobufReader(bytes)
        while let (number, type) = try reader.nextField() {
            switch (number, type) {
            case (1, .varint): try append(dimension: reader.varint())
            case (1, .lengthDelimited):
                var packed = ProtobufReader(try reader.delimited())
                while !packed.isAtEnd { try append(dimension: packed.varint()) }
            case (2, .varint): typeNumber = Int(clamping: try reader.varint())
            case (4, .fixed32), (5, .varint), (7, .varint), (10, .fixed64), (11, .varint):
                let start = reader.position
                try reader.skip(type)
                try append(Run(field: number, bytes: UnsafeRawBufferPointer(rebasing: bytes[start..<reader.position])))
            case (4, .lengthDelimited), (5, .lengthDelimited), (7, .lengthDelimited), (10, .lengthDelimited),
                (11, .lengthDelimited):
                try append(Run(field: number, bytes: try reader.delimited()))
            case (6, .lengthDelimited): strings.appendBytesElement(try reader.delimited())
            case (8, .lengthDelimited): name = try reader.string()
            case (9, .lengthDelimited): raw = try reader.delimited()
            case (3, _): throw Self.elsewhere("is one segment of a tensor")
            case (13, _): throw Self.elsewhere("keeps its elements in another file")
            case (14, .varint):
                guard try reader.varint() == 0 else { throw Self.elsewhere("keeps its elements in another file") }
            case (12, .lengthDelimited): try reader.skip(type)
            case (1...14, _): throw reader.malformed("field \(number) of another type than TensorProto's")
            default: try reader.skip(type)
            }
        }
    }

    private static func elsewhere(_ what: String) -> SluiceError {
        SluiceError(.invalidInput, "the TensorProto \(what); send the elements in the message")
    }

    private mutating func append(dimension: UInt64) throws(SluiceError) {
        guard shape.count < Shape.maximumRank, let dimension = Int(exactly: Int64(bitPattern: dimension)),
            dimension >= 0
        else {
            throw SluiceError(
                .malformedBody, "the TensorProto's dims are no shape of at most \(Shape.maximumRank) dimensions")
        }
        shape.append(dimension)
    }

    private mutating func append(_ run: Run) throws(SluiceError) {
        guard runs.count < Self.maximumRuns else {
            throw SluiceError(
                .malformedBody, "the TensorProto has more than \(Self.maximumRuns) runs of elements; pack them")
        }
        runs.append(run)
    }

    /// Which of the typed fields hold anything.
    var typedFields: Set<Int> {
        var fields = Set(runs.map(\.field))
        if strings.count > 0 { fields.insert(TensorProtoType.Field.string.rawValue) }
        return fields
    }

    /// The numbers of the typed field that belongs to the type.
    ///
    /// - Throws: `malformed_body` where they can't be read, or are beyond the type.
    func numbers(_ type: DataType, field: TensorProtoType.Field) throws(SluiceError) -> (
        storage: TensorStorage, count: Int
    ) {
        let builder = TensorBuilder(type)
        for run in runs {
            var reader = ProtobufReader(run.bytes)
            while !reader.isAtEnd {
                switch field {
                case .float: builder.appendElement(try reader.fixed32())
                case .double: builder.appendElement(try reader.fixed64())
                case .int32, .int64, .uint64:
                    try Self.append(try reader.varint(), to: builder)
                case .string: break
                }
            }
        }
        let count = builder.count
        let tensor = try builder.finish(name: name, shape: [count])
        return (tensor.storage, count)
    }

    private static func append(_ value: UInt64, to builder: TensorBuilder) throws(SluiceError) {
        let signed = Int64(bitPattern: value)
        var fits = true
        func take<Element: FixedWidthInteger & BitwiseCopyable>(_ element: Element?) {
            if let element { builder.appendElement(element) } else { fits = false }
        }
        switch builder.dataType {
        case .bool: take(signed == 0 || signed == 1 ? UInt8(signed) : nil)
        case .uint8: take(UInt8(exactly: signed))
        case .uint16, .fp16, .bf16: take(UInt16(exactly: signed))
        case .uint32: take(UInt32(exactly: value))
        case .uint64: take(value)
        case .int8: take(Int8(exactly: signed))
        case .int16: take(Int16(exactly: signed))
        case .int32: take(Int32(exactly: signed))
        case .int64: take(signed)
        case .fp32, .fp64, .bytes: fits = false
        }
        guard fits else {
            throw SluiceError(
                .malformedBody, "the TensorProto holds the number \(signed), which \(builder.dataType) can't hold")
        }
    }
}
