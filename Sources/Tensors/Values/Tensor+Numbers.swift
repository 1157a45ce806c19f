extension Tensor {
    /// One element as the nearest number of 64 bits; texts are none (NaN).
    ///
    /// - Parameter bytes: the tensor's own, as `withBytes` gives them; `index` is within them.
    package func number(_ index: Int, in bytes: UnsafeRawBufferPointer) -> Double {
        func load<Number: BitwiseCopyable>(_: Number.Type) -> Number {
            bytes.loadUnaligned(fromByteOffset: index * MemoryLayout<Number>.size, as: Number.self)
        }
        return switch dataType {
        case .bool, .uint8: Double(load(UInt8.self))
        case .uint16: Double(load(UInt16.self))
        case .uint32: Double(load(UInt32.self))
        case .uint64: Double(load(UInt64.self))
        case .int8: Double(load(Int8.self))
        case .int16: Double(load(Int16.self))
        case .int32: Double(load(Int32.self))
        case .int64: Double(load(Int64.self))
        case .fp16: Double(load(Float16.self))
        case .bf16: Double(Float(bitPattern: UInt32(load(UInt16.self)) << 16))
        case .fp32: Double(load(Float.self))
        case .fp64: load(Double.self)
        case .bytes: .nan
        }
    }
}
