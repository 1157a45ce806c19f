/// One element that empty places of a tensor are filled with.
package struct FillElement: Sendable, Equatable {
    /// As it lies in memory; empty for `bytes`.
    let bytes: [UInt8]

    /// - Returns: `nil` where the type has no such element.
    package init?(_ value: Double, dataType: DataType) {
        func integer<Value: FixedWidthInteger>(_ type: Value.Type) -> [UInt8]? {
            Value(exactly: value).map { withUnsafeBytes(of: $0) { [UInt8]($0) } }
        }
        let made: [UInt8]?
        switch dataType {
        case .bool: made = value == 0 ? [0] : value == 1 ? [1] : nil
        case .uint8: made = integer(UInt8.self)
        case .uint16: made = integer(UInt16.self)
        case .uint32: made = integer(UInt32.self)
        case .uint64: made = integer(UInt64.self)
        case .int8: made = integer(Int8.self)
        case .int16: made = integer(Int16.self)
        case .int32: made = integer(Int32.self)
        case .int64: made = integer(Int64.self)
        case .fp16:
            let narrow = Float16(value)
            made = narrow.isFinite ? withUnsafeBytes(of: narrow.bitPattern) { [UInt8]($0) } : nil
        case .bf16:
            let bits = Float(value).bitPattern
            // To the nearest, ties to even.
            let narrow = UInt16(truncatingIfNeeded: (UInt64(bits) + 0x7FFF + UInt64(bits >> 16 & 1)) >> 16)
            made = narrow & 0x7F80 == 0x7F80 ? nil : withUnsafeBytes(of: narrow) { [UInt8]($0) }
        case .fp32:
            let narrow = Float(value)
            made = narrow.isFinite ? withUnsafeBytes(of: narrow) { [UInt8]($0) } : nil
        case .fp64: made = value.isFinite ? withUnsafeBytes(of: value) { [UInt8]($0) } : nil
        case .bytes: made = []
        }
        guard let made else { return nil }
        bytes = made
    }
}
