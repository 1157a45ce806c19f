internal import Tensors

/// Random values of one data type: small whole numbers for integers, [-1, 1) with six digits for floating point,
/// short texts.
struct TensorValues {
    let type: DataType
    var generator: SeededGenerator

    init(type: DataType, generator: SeededGenerator) {
        self.type = type
        self.generator = generator
    }

    private mutating func integer() -> Int { Int.random(in: 0..<100, using: &generator) }

    /// Millionths, so that the text has six digits and the value is the one that the text says.
    private mutating func fraction() -> Double {
        Double(Int.random(in: -1_000_000..<1_000_000, using: &generator)) / 1_000_000
    }

    /// `count` values as they stand between the brackets of a JSON array.
    mutating func text(count: Int) -> String {
        var text = ""
        for index in 0..<count {
            if index > 0 { text += "," }
            switch type {
            case .bool: text += Bool.random(using: &generator) ? "true" : "false"
            case .bytes: text += "\"text \(integer())\""
            case .fp16, .bf16, .fp32, .fp64: text += fraction().description
            default: text += String(integer())
            }
        }
        return text
    }

    /// `count` values as the binary tensor extension has them: little-endian, texts after their lengths.
    mutating func appendBinary(count: Int, to bytes: inout [UInt8]) {
        bytes.reserveCapacity(bytes.count + count * max(type.byteWidth, 12))
        for _ in 0..<count {
            switch type {
            case .bool: bytes.append(Bool.random(using: &generator) ? 1 : 0)
            case .int8, .uint8: bytes.append(UInt8(integer()))
            case .int16, .uint16: append(UInt16(integer()), to: &bytes)
            case .int32, .uint32: append(UInt32(integer()), to: &bytes)
            case .int64, .uint64: append(UInt64(integer()), to: &bytes)
            case .fp16: append(Float16(fraction()).bitPattern, to: &bytes)
            case .bf16: append(UInt16(Float(fraction()).bitPattern >> 16), to: &bytes)
            case .fp32: append(Float(fraction()).bitPattern, to: &bytes)
            case .fp64: append(fraction().bitPattern, to: &bytes)
            case .bytes:
                let text = Array("text \(integer())".utf8)
                append(UInt32(text.count), to: &bytes)
                bytes += text
            }
        }
    }

    private func append(_ value: some FixedWidthInteger, to bytes: inout [UInt8]) {
        var rest = value
        for _ in 0..<(value.bitWidth / 8) {
            bytes.append(UInt8(truncatingIfNeeded: rest))
            rest >>= 8
        }
    }
}
