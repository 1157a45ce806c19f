package import CSluicePlugin

/// The 14 data types of the Open Inference Protocol (BF16 as in Triton's extension of it).
package enum DataType: UInt8, Sendable, CaseIterable {
    case bool
    case uint8
    case uint16
    case uint32
    case uint64
    case int8
    case int16
    case int32
    case int64
    case fp16
    case bf16
    case fp32
    case fp64
    case bytes

    /// The protocol's name of the type, e.g. `FP32`.
    package var name: String {
        switch self {
        case .bool: "BOOL"
        case .uint8: "UINT8"
        case .uint16: "UINT16"
        case .uint32: "UINT32"
        case .uint64: "UINT64"
        case .int8: "INT8"
        case .int16: "INT16"
        case .int32: "INT32"
        case .int64: "INT64"
        case .fp16: "FP16"
        case .bf16: "BF16"
        case .fp32: "FP32"
        case .fp64: "FP64"
        case .bytes: "BYTES"
        }
    }

    /// Reads the protocol's name where it lies; case matters.
    package init?(utf8 name: UnsafeRawBufferPointer) {
        guard name.count <= 8, let word = DataType.word(name), let index = DataType.words.firstIndex(of: word) else {
            return nil
        }
        self = DataType.allCases[index]
    }

    /// The names of all cases, each in one word.
    private static let words: [UInt64] = allCases.compactMap { type in
        Array(type.name.utf8).withUnsafeBytes { word($0) }
    }

    /// A name of at most eight bytes in one word.
    private static func word(_ name: UnsafeRawBufferPointer) -> UInt64? {
        var word: UInt64 = 0
        for byte in name {
            guard byte != 0 else { return nil }
            word = word << 8 | UInt64(byte)
        }
        return word
    }

    /// Reads the protocol's name; case matters, as it does to every other server of the protocol.
    package init?(name: String) {
        var name = name
        guard let type = name.withUTF8({ DataType(utf8: UnsafeRawBufferPointer($0)) }) else { return nil }
        self = type
    }

    /// Bytes per element; 0 for `bytes`, whose elements vary in length.
    package var byteWidth: Int {
        switch self {
        case .bool, .uint8, .int8: 1
        case .uint16, .int16, .fp16, .bf16: 2
        case .uint32, .int32, .fp32: 4
        case .uint64, .int64, .fp64: 8
        case .bytes: 0
        }
    }

    /// The DLPack description of the type, `lanes` 1.
    package var dlpack: sluice_dtype {
        let code =
            switch self {
            case .bool: SLUICE_BOOL
            case .uint8, .uint16, .uint32, .uint64: SLUICE_UINT
            case .int8, .int16, .int32, .int64: SLUICE_INT
            case .fp16, .fp32, .fp64: SLUICE_FLOAT
            case .bf16: SLUICE_BFLOAT
            case .bytes: SLUICE_BYTES
            }
        let bits = self == .bytes ? 8 : UInt8(byteWidth * 8)
        return sluice_dtype(code: UInt8(code), bits: bits, lanes: 1)
    }

    /// Reads a DLPack description; `nil` where it names none of the 14 types.
    package init?(dlpack type: sluice_dtype) {
        guard type.lanes == 1 else { return nil }
        switch (Int(type.code), type.bits) {
        case (SLUICE_BOOL, 8): self = .bool
        case (SLUICE_UINT, 8): self = .uint8
        case (SLUICE_UINT, 16): self = .uint16
        case (SLUICE_UINT, 32): self = .uint32
        case (SLUICE_UINT, 64): self = .uint64
        case (SLUICE_INT, 8): self = .int8
        case (SLUICE_INT, 16): self = .int16
        case (SLUICE_INT, 32): self = .int32
        case (SLUICE_INT, 64): self = .int64
        case (SLUICE_FLOAT, 16): self = .fp16
        case (SLUICE_FLOAT, 32): self = .fp32
        case (SLUICE_FLOAT, 64): self = .fp64
        case (SLUICE_BFLOAT, 16): self = .bf16
        case (SLUICE_BYTES, 8): self = .bytes
        default: return nil
        }
    }
}

extension DataType: CustomStringConvertible {
    package var description: String { name }
}
