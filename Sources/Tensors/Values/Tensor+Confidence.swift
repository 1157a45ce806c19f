extension Tensor {
    /// How sure whoever made the tensor of scores is: its largest number.
    ///
    /// A number that is none (NaN) makes it as unsure as can be.
    ///
    /// - Parameter byRow: whether each row along the first axis is a score of its own; the least sure one counts then.
    /// - Returns: `nil` where there are no numbers.
    package func confidence(byRow: Bool) -> Double? {
        guard dataType != .bytes, elementCount > 0 else { return nil }
        let perRow = byRow ? elementCount / max(shape.first ?? 1, 1) : elementCount
        return withBytes { bytes in
            var least = Double.infinity
            for start in stride(from: 0, to: elementCount, by: max(perRow, 1)) {
                var largest = -Double.infinity
                for index in start..<(start + perRow) {
                    let number = number(index, in: bytes)
                    if number.isNaN { return -.infinity }
                    largest = max(largest, number)
                }
                least = min(least, largest)
            }
            return least
        }
    }

    private func number(_ index: Int, in bytes: UnsafeRawBufferPointer) -> Double {
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
