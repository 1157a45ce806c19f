internal import Tensors

/// The data types of ONNX's `TensorProto.DataType` that tensors here have.
enum TensorProtoType {
    /// Which field holds a type's elements where they aren't in `raw_data`.
    enum Field: Int {
        case float = 4
        case int32 = 5
        case string = 6
        case int64 = 7
        case double = 10
        case uint64 = 11
    }

    private static let table: [(number: Int, type: DataType, field: Field)] = [
        (1, .fp32, .float), (2, .uint8, .int32), (3, .int8, .int32), (4, .uint16, .int32), (5, .int16, .int32),
        (6, .int32, .int32), (7, .int64, .int64), (8, .bytes, .string), (9, .bool, .int32), (10, .fp16, .int32),
        (11, .fp64, .double), (12, .uint32, .uint64), (13, .uint64, .uint64), (16, .bf16, .int32),
    ]

    /// The type of that number and the field of its elements; `nil` where no tensor here has it.
    static func find(_ number: Int) -> (type: DataType, field: Field)? {
        table.first { $0.number == number }.map { ($0.type, $0.field) }
    }

    static func number(of type: DataType) -> Int { table.first { $0.type == type }?.number ?? 0 }

    /// Names of the other types, for messages.
    static func name(_ number: Int) -> String {
        let names = [
            14: "COMPLEX64", 15: "COMPLEX128", 17: "FLOAT8E4M3FN", 18: "FLOAT8E4M3FNUZ", 19: "FLOAT8E5M2",
            20: "FLOAT8E5M2FNUZ", 21: "UINT4", 22: "INT4", 23: "FLOAT4E2M1", 24: "FLOAT8E8M0",
        ]
        return names[number] ?? "number \(number)"
    }
}
