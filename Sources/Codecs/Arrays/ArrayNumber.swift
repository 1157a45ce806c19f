internal import Tensors

/// One number of an array in a file, exact whatever its type.
enum ArrayNumber: Sendable, Equatable {
    case signed(Int64)
    case unsigned(UInt64)
    case float(Double)

    /// Reads the element at a byte offset that lies wholly inside `bytes`.
    ///
    /// - Parameter type: any but BYTES.
    init(_ bytes: UnsafeRawBufferPointer, at offset: Int, type: DataType, isBigEndian: Bool) {
        func load<Integer: FixedWidthInteger & BitwiseCopyable>(_: Integer.Type) -> Integer {
            let value = bytes.loadUnaligned(fromByteOffset: offset, as: Integer.self)
            return isBigEndian ? value.byteSwapped : value
        }
        switch type {
        case .bool, .uint8, .bytes: self = .unsigned(UInt64(load(UInt8.self)))
        case .uint16: self = .unsigned(UInt64(load(UInt16.self)))
        case .uint32: self = .unsigned(UInt64(load(UInt32.self)))
        case .uint64: self = .unsigned(load(UInt64.self))
        case .int8: self = .signed(Int64(load(Int8.self)))
        case .int16: self = .signed(Int64(load(Int16.self)))
        case .int32: self = .signed(Int64(load(Int32.self)))
        case .int64: self = .signed(load(Int64.self))
        case .fp16: self = .float(Double(Float16(bitPattern: load(UInt16.self))))
        case .bf16: self = .float(Double(Float(bitPattern: UInt32(load(UInt16.self)) << 16)))
        case .fp32: self = .float(Double(Float(bitPattern: load(UInt32.self))))
        case .fp64: self = .float(Double(bitPattern: load(UInt64.self)))
        }
    }

    var isInteger: Bool {
        if case .float = self { false } else { true }
    }

    var text: String {
        switch self {
        case .signed(let value): String(value)
        case .unsigned(let value): String(value)
        case .float(let value): String(value)
        }
    }

    /// The same whole number; `nil` where the type doesn't reach it or the number has a fraction.
    func asInteger<Integer: FixedWidthInteger>(_: Integer.Type) -> Integer? {
        switch self {
        case .signed(let value): Integer(exactly: value)
        case .unsigned(let value): Integer(exactly: value)
        case .float(let value): Integer(exactly: value)
        }
    }

    var asBool: Bool? {
        switch asInteger(UInt8.self) {
        case 0: false
        case 1: true
        default: nil
        }
    }

    /// The nearest number of that type; `nil` where a finite number would become infinite.
    func asFloat<Number: BinaryFloatingPoint>(_: Number.Type) -> Number? {
        let rounded: Number
        switch self {
        case .signed(let value): rounded = Number(value)
        case .unsigned(let value): rounded = Number(value)
        case .float(let value):
            rounded = Number(value)
            if !value.isFinite { return rounded }
        }
        return rounded.isFinite ? rounded : nil
    }

    /// The nearest BF16 number's bits; `nil` where a finite number would become infinite.
    var asBFloat16: UInt16? {
        asFloat(Double.self).flatMap { NarrowFormat.bf16.round($0) }
    }
}
