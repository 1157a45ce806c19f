/// How far two answers of the same form are from each other.
package struct TensorDifference: Sendable, Equatable {
    /// Rows that have one top answer: of scores (numbers with a fraction, in rows of more than one) the position of the
    /// largest, of whole numbers and texts each element. 0 where the answer is of neither kind.
    package var rows = 0
    /// Rows on whose top answer both agree.
    package var agreeing = 0
    /// The largest absolute difference of any two numbers; infinite where only one of them is a number. `nil` for texts.
    package var maxError: Double?

    /// `nil` where the tensors differ in type or shape.
    package init?(_ left: Tensor, _ right: Tensor) {
        guard left.dataType == right.dataType, left.shape == right.shape else { return nil }
        let width = left.shape.count > 1 ? left.shape[left.shape.count - 1] : 1
        switch left.dataType {
        case .bytes: compareTexts(left, right)
        case .bool, .uint8: compareWhole(left, right, as: UInt8.self)
        case .uint16: compareWhole(left, right, as: UInt16.self)
        case .uint32: compareWhole(left, right, as: UInt32.self)
        case .uint64: compareWhole(left, right, as: UInt64.self)
        case .int8: compareWhole(left, right, as: Int8.self)
        case .int16: compareWhole(left, right, as: Int16.self)
        case .int32: compareWhole(left, right, as: Int32.self)
        case .int64: compareWhole(left, right, as: Int64.self)
        case .fp16: compareScores(left, right, width: width, as: UInt16.self) { Double(Float16(bitPattern: $0)) }
        case .bf16:
            compareScores(left, right, width: width, as: UInt16.self) { Double(Float(bitPattern: UInt32($0) << 16)) }
        case .fp32: compareScores(left, right, width: width, as: Float.self) { Double($0) }
        case .fp64: compareScores(left, right, width: width, as: Double.self) { $0 }
        }
    }

    private mutating func compareTexts(_ left: Tensor, _ right: Tensor) {
        rows = left.elementCount
        for index in 0..<left.elementCount {
            let isEqual = left.withElement(index) { one in
                right.withElement(index) { other in one.count == other.count && one.elementsEqual(other) }
            }
            if isEqual { agreeing += 1 }
        }
    }

    private mutating func compareWhole<Element: FixedWidthInteger & BitwiseCopyable>(
        _ left: Tensor, _ right: Tensor, as type: Element.Type
    ) {
        rows = left.elementCount
        var same = 0
        var furthest: Element.Magnitude = 0
        left.withBytes { one in
            right.withBytes { other in
                for offset in stride(from: 0, to: one.count, by: MemoryLayout<Element>.size) {
                    let (a, b) = (
                        one.loadUnaligned(fromByteOffset: offset, as: type),
                        other.loadUnaligned(fromByteOffset: offset, as: type)
                    )
                    same += a == b ? 1 : 0
                    // Of two's complements the difference fits the magnitude, whichever is larger.
                    let distance = Element.Magnitude(truncatingIfNeeded: a > b ? a &- b : b &- a)
                    furthest = Swift.max(furthest, distance)
                }
            }
        }
        agreeing = same
        maxError = Double(furthest)
    }

    private mutating func compareScores<Element: BitwiseCopyable>(
        _ left: Tensor, _ right: Tensor, width: Int, as type: Element.Type, value: (Element) -> Double
    ) {
        let size = MemoryLayout<Element>.size
        var furthest = 0.0
        var same = 0
        left.withBytes { one in
            right.withBytes { other in
                var start = 0
                while start < one.count {
                    var (first, second) = (Top(), Top())
                    for column in 0..<width {
                        let offset = start + column * size
                        let a = value(one.loadUnaligned(fromByteOffset: offset, as: type))
                        let b = value(other.loadUnaligned(fromByteOffset: offset, as: type))
                        first.see(a, at: column)
                        second.see(b, at: column)
                        furthest = Swift.max(furthest, Self.distance(a, b))
                    }
                    same += first.place == second.place ? 1 : 0
                    start += width * size
                }
            }
        }
        maxError = furthest
        guard width > 1 else { return }
        rows = left.elementCount / width
        agreeing = same
    }

    /// The position of the largest number so far; what is none is smaller than all.
    private struct Top {
        var place = 0
        private var largest = -Double.infinity

        mutating func see(_ value: Double, at place: Int) {
            guard value > largest else { return }
            (largest, self.place) = (value, place)
        }
    }

    private static func distance(_ left: Double, _ right: Double) -> Double {
        if left == right || left.isNaN && right.isNaN { return 0 }
        let distance = (left - right).magnitude
        return distance.isNaN ? .infinity : distance
    }
}
