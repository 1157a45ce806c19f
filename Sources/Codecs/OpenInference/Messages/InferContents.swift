internal import Tensors

/// `InferTensorContents`: a tensor's elements as typed values.
enum InferContents {
    /// Reads the list that belongs to the data type; elements in another one are an error, as they would be lost.
    ///
    /// - Throws: `malformed_body`; `invalid_input` for a value out of range, a wrong list or a wrong number of elements.
    static func tensor(
        _ contents: UnsafeRawBufferPointer, name: String, dataType: DataType, shape: [Int]
    ) throws(SluiceError) -> Tensor {
        guard let list = field(of: dataType) else {
            throw InferMessageReader.invalid(
                name, "\(dataType) has no typed contents; send it in raw_input_contents")
        }
        let builder = TensorBuilder(dataType)
        var reader = ProtobufReader(contents)
        while let field = try reader.nextField() {
            guard field.number == list || field.number > 8 else {
                throw InferMessageReader.invalid(
                    name, "its contents hold \(names[field.number - 1]), but \(dataType) belongs in \(names[list - 1])")
            }
            guard field.number == list else {
                try reader.skip(field.type)
                continue
            }
            try readList(&reader, field.type, builder, name: name)
        }
        return try builder.finish(name: name, shape: shape)
    }

    private static let names = [
        "bool_contents", "int_contents", "int64_contents", "uint_contents", "uint64_contents", "fp32_contents",
        "fp64_contents", "bytes_contents",
    ]

    private static func field(of dataType: DataType) -> Int? {
        switch dataType {
        case .bool: 1
        case .int8, .int16, .int32: 2
        case .int64: 3
        case .uint8, .uint16, .uint32: 4
        case .uint64: 5
        case .fp32: 6
        case .fp64: 7
        case .bytes: 8
        case .fp16, .bf16: nil
        }
    }

    /// One occurrence of the list's field: a packed run of values, or a single one.
    private static func readList(
        _ reader: inout ProtobufReader, _ type: ProtobufReader.WireType, _ builder: TensorBuilder, name: String
    ) throws(SluiceError) {
        guard type == .lengthDelimited else {
            return try readValue(&reader, type, builder, name: name)
        }
        let run = try reader.delimited()
        if builder.dataType == .bytes {
            builder.appendBytesElement(run)
            return
        }
        var values = ProtobufReader(run)
        let element: ProtobufReader.WireType =
            switch builder.dataType {
            case .fp32: .fixed32
            case .fp64: .fixed64
            default: .varint
            }
        while !values.isAtEnd { try readValue(&values, element, builder, name: name) }
    }

    private static func readValue(
        _ reader: inout ProtobufReader, _ type: ProtobufReader.WireType, _ builder: TensorBuilder, name: String
    ) throws(SluiceError) {
        switch (builder.dataType, type) {
        case (.bool, .varint): builder.appendElement(try reader.varint() != 0 ? 1 as UInt8 : 0)
        case (.int8, .varint): try append(signed(try reader.varint()), as: Int8.self, builder, name)
        case (.int16, .varint): try append(signed(try reader.varint()), as: Int16.self, builder, name)
        case (.int32, .varint): builder.appendElement(signed(try reader.varint()))
        case (.int64, .varint): builder.appendElement(Int64(bitPattern: try reader.varint()))
        case (.uint8, .varint): try append(unsigned(try reader.varint()), as: UInt8.self, builder, name)
        case (.uint16, .varint): try append(unsigned(try reader.varint()), as: UInt16.self, builder, name)
        case (.uint32, .varint): builder.appendElement(unsigned(try reader.varint()))
        case (.uint64, .varint): builder.appendElement(try reader.varint())
        case (.fp32, .fixed32): builder.appendElement(Float(bitPattern: try reader.fixed32()))
        case (.fp64, .fixed64): builder.appendElement(Double(bitPattern: try reader.fixed64()))
        default: throw reader.malformed("contents of the wrong wire type")
        }
    }

    /// The low 32 bits count, as for every reader of the format.
    private static func signed(_ value: UInt64) -> Int32 { Int32(truncatingIfNeeded: value) }
    private static func unsigned(_ value: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: value) }

    private static func append<Element: FixedWidthInteger & BitwiseCopyable>(
        _ value: some FixedWidthInteger, as type: Element.Type, _ builder: TensorBuilder, _ name: String
    ) throws(SluiceError) {
        guard let element = Element(exactly: value) else {
            let fault = ElementFault(.outOfRange, text: String(value), dataType: builder.dataType)
            throw InferMessageReader.invalid(name, "element \(builder.count + 1): \(fault.reason)")
        }
        builder.appendElement(element)
    }
}
