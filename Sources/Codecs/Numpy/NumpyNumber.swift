internal import Tensors

/// One number of an npy file, exact whatever its type.
enum NumpyNumber: Sendable, Equatable {
    case signed(Int64)
    case unsigned(UInt64)
    case float(Double)

    /// Reads the element at a byte offset that lies wholly inside `bytes`.
    init(_ bytes: UnsafeRawBufferPointer, at offset: Int, type: NumpyType) {
        func load<Integer: FixedWidthInteger & BitwiseCopyable>(_: Integer.Type) -> Integer {
            let value = bytes.loadUnaligned(fromByteOffset: offset, as: Integer.self)
            return type.isBigEndian ? value.byteSwapped : value
        }
        switch (type.kind, type.width) {
        case (.signed, 1): self = .signed(Int64(load(Int8.self)))
        case (.signed, 2): self = .signed(Int64(load(Int16.self)))
        case (.signed, 4): self = .signed(Int64(load(Int32.self)))
        case (.signed, _): self = .signed(load(Int64.self))
        case (.unsigned, 2): self = .unsigned(UInt64(load(UInt16.self)))
        case (.unsigned, 4): self = .unsigned(UInt64(load(UInt32.self)))
        case (.unsigned, 8): self = .unsigned(load(UInt64.self))
        case (.float, 2): self = .float(Double(Float16(bitPattern: load(UInt16.self))))
        case (.float, 4): self = .float(Double(Float(bitPattern: load(UInt32.self))))
        case (.float, _): self = .float(Double(bitPattern: load(UInt64.self)))
        case (.bfloat, _): self = .float(Double(Float(bitPattern: UInt32(load(UInt16.self)) << 16)))
        case (.bool, _), (.unsigned, _), (.bytes, _), (.text, _): self = .unsigned(UInt64(load(UInt8.self)))
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
