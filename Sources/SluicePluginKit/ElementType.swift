public import CSluicePlugin

/// The type of a tensor's elements.
public enum ElementType: String, Sendable, CaseIterable {
    case bool = "BOOL"
    case uint8 = "UINT8"
    case uint16 = "UINT16"
    case uint32 = "UINT32"
    case uint64 = "UINT64"
    case int8 = "INT8"
    case int16 = "INT16"
    case int32 = "INT32"
    case int64 = "INT64"
    case fp16 = "FP16"
    case bf16 = "BF16"
    case fp32 = "FP32"
    case fp64 = "FP64"
    case bytes = "BYTES"

    /// DLPack's form of the type.
    public var dtype: sluice_dtype {
        switch self {
        case .bool: Self.dtype(SLUICE_BOOL, 8)
        case .uint8: Self.dtype(SLUICE_UINT, 8)
        case .uint16: Self.dtype(SLUICE_UINT, 16)
        case .uint32: Self.dtype(SLUICE_UINT, 32)
        case .uint64: Self.dtype(SLUICE_UINT, 64)
        case .int8: Self.dtype(SLUICE_INT, 8)
        case .int16: Self.dtype(SLUICE_INT, 16)
        case .int32: Self.dtype(SLUICE_INT, 32)
        case .int64: Self.dtype(SLUICE_INT, 64)
        case .fp16: Self.dtype(SLUICE_FLOAT, 16)
        case .bf16: Self.dtype(SLUICE_BFLOAT, 16)
        case .fp32: Self.dtype(SLUICE_FLOAT, 32)
        case .fp64: Self.dtype(SLUICE_FLOAT, 64)
        case .bytes: Self.dtype(SLUICE_BYTES, 8)
        }
    }

    private static func dtype(_ code: Int, _ bits: UInt8) -> sluice_dtype {
        sluice_dtype(code: UInt8(code), bits: bits, lanes: 1)
    }
}
