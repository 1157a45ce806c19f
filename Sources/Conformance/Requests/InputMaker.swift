internal import Tensors

/// Makes inputs by a model's declaration; the same seed makes the same ones.
struct InputMaker {
    /// What the elements are like.
    enum Values: CaseIterable {
        /// What a model most likely accepts: small, finite, positive.
        case modest
        case zero
        case lowest
        case highest
        /// NaN, infinities, the smallest subnormal; for other types any bits.
        case odd
        case random
    }

    var random: SeededRandom

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
    }

    /// A tensor for each declared input; free dimensions have `size`, the first one of a batch `rows`.
    mutating func inputs(
        for signature: ModelSignature, rows: Int = 1, size: Int, values: Values = .modest
    ) -> [InputTensor] {
        signature.inputs.map { spec in
            tensor(spec, shape: Self.shape(of: spec, signature: signature, rows: rows, size: size), values: values)
        }
    }

    static func shape(of spec: TensorSpec, signature: ModelSignature, rows: Int, size: Int) -> [Int] {
        let isBatch = signature.batching != .none
        var shape = (spec.shape ?? (isBatch ? [-1, -1] : [-1])).map { $0 < 0 ? size : $0 }
        if isBatch, !shape.isEmpty { shape[0] = rows }
        return shape
    }

    mutating func tensor(_ spec: TensorSpec, shape: [Int], values: Values) -> InputTensor {
        let count = Shape.elementCount(shape) ?? 0
        if spec.dataType == .bytes {
            let elements = (0..<count).map { _ in element(values) }
            return InputTensor(name: spec.name, shape: shape, elements: elements)
        }
        let width = spec.dataType.byteWidth
        var bytes = [UInt8](repeating: 0, count: count * width)
        if values != .zero {
            for index in 0..<count {
                var bits = bits(of: spec.dataType, values)
                for place in 0..<width {
                    bytes[index * width + place] = UInt8(truncatingIfNeeded: bits)
                    bits >>= 8
                }
            }
        }
        return InputTensor(name: spec.name, type: spec.dataType.dlpack, shape: shape, bytes: bytes)
    }

    private mutating func element(_ values: Values) -> [UInt8] {
        switch values {
        case .modest: return Array("text".utf8)
        case .zero, .lowest: return []
        case .highest: return [UInt8](repeating: 0xFF, count: 300)
        case .odd: return [0x00, 0xC3, 0x28, 0xFF, 0x0A, 0x00]
        case .random: return (0..<random.below(40)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        }
    }

    private mutating func bits(of type: DataType, _ values: Values) -> UInt64 {
        if type == .bool { return values == .highest ? 1 : values == .lowest ? 0 : random.next() & 1 }
        switch values {
        case .zero: return 0
        case .random: return random.next()
        case .modest:
            let small = random.below(2)
            switch type {
            case .fp32: return UInt64((Float(random.below(100)) / 100).bitPattern)
            case .fp64: return (Double(random.below(100)) / 100).bitPattern
            case .fp16: return [0, 0x3800][small]
            case .bf16: return [0, 0x3F00][small]
            default: return UInt64(small)
            }
        case .lowest, .highest, .odd: return Self.extreme(type, values, random.below(4))
        }
    }

    private static func extreme(_ type: DataType, _ values: Values, _ choice: Int) -> UInt64 {
        let isLowest = values == .lowest
        switch type {
        case .fp32:
            let odd: [Float] = [.nan, .infinity, -.infinity, .leastNonzeroMagnitude]
            let extreme: Float = isLowest ? -.greatestFiniteMagnitude : .greatestFiniteMagnitude
            return UInt64((values == .odd ? odd[choice] : extreme).bitPattern)
        case .fp64:
            let odd: [Double] = [.nan, .infinity, -.infinity, .leastNonzeroMagnitude]
            let extreme: Double = isLowest ? -.greatestFiniteMagnitude : .greatestFiniteMagnitude
            return (values == .odd ? odd[choice] : extreme).bitPattern
        case .fp16: return values == .odd ? [0x7E00, 0x7C00, 0xFC00, 1][choice] : isLowest ? 0xFBFF : 0x7BFF
        case .bf16: return values == .odd ? [0x7FC0, 0x7F80, 0xFF80, 1][choice] : isLowest ? 0xFF7F : 0x7F7F
        case .int8, .int16, .int32, .int64:
            let sign = UInt64(1) << UInt64(type.byteWidth * 8 - 1)
            return values == .odd ? ~0 : isLowest ? sign : sign - 1
        default: return isLowest ? 0 : ~0
        }
    }
}
