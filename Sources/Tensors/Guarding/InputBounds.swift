/// What one input may be: looked at element by element, in loops that the compiler makes wide.
package struct InputBounds: Sendable, Equatable {
    package let input: String
    package var maxShape: [Int]?
    package var least: Double?
    package var most: Double?
    package var isFinite = false
    package var maxText: Int?

    package init(input: String) {
        self.input = input
    }

    /// What doesn't go with an input of that declaration; `nil` where all does.
    package func mismatch(with spec: TensorSpec) -> String? {
        if let maxShape, let shape = spec.shape, shape.count != maxShape.count {
            return "max_shape has \(maxShape.count) dimensions, but the input is \(spec.text)"
        }
        switch spec.dataType {
        case .bytes:
            if least != nil || most != nil { return "range is for numbers, but the input is \(spec.text)" }
            if isFinite { return "finite is for numbers, but the input is \(spec.text)" }
        default:
            if maxText != nil { return "max_text is for texts, but the input is \(spec.text)" }
        }
        return nil
    }

    /// Checks an input of that name.
    ///
    /// - Throws: `invalid_input`, with the input, the place of the first element that is wrong, and the bound.
    package func check(_ tensor: Tensor) throws(SluiceError) {
        if let maxShape {
            let isWithin =
                maxShape.count == tensor.shape.count
                && zip(maxShape, tensor.shape).allSatisfy { $0 < 0 || $1 <= $0 }
            guard isWithin else {
                throw error(
                    "its shape \(Shape.text(tensor.shape)) is beyond \(Shape.text(maxShape))",
                    [.init("max_shape", Shape.text(maxShape))])
            }
        }
        if tensor.dataType == .bytes { return try checkTexts(tensor) }
        guard isFinite || least != nil || most != nil else { return }
        guard let index = firstWrong(tensor) else { return }
        throw numberError(tensor, index)
    }

    private func checkTexts(_ tensor: Tensor) throws(SluiceError) {
        guard let maxText else { return }
        for index in 0..<tensor.elementCount {
            let count = tensor.withElement(index) { $0.count }
            guard count > maxText else { continue }
            throw error(
                "the text at \(place(of: index, in: tensor.shape)) has \(count) bytes, above max_text \(maxText)",
                [.init("index", place(of: index, in: tensor.shape)), .init("max_text", maxText)])
        }
    }

    /// The place of the first number that is out of bounds.
    private func firstWrong(_ tensor: Tensor) -> Int? {
        switch tensor.dataType {
        case .fp32: first(in: tensor, as: Float.self, low: low(Float.self), high: high(Float.self))
        case .fp64: first(in: tensor, as: Double.self, low: low(Double.self), high: high(Double.self))
        case .fp16: firstHalf(in: tensor) { Float(Float16(bitPattern: $0)) }
        case .bf16: firstHalf(in: tensor) { Float(bitPattern: UInt32($0) << 16) }
        case .uint8, .bool: firstWhole(in: tensor, as: UInt8.self)
        case .uint16: firstWhole(in: tensor, as: UInt16.self)
        case .uint32: firstWhole(in: tensor, as: UInt32.self)
        case .uint64: firstWhole(in: tensor, as: UInt64.self)
        case .int8: firstWhole(in: tensor, as: Int8.self)
        case .int16: firstWhole(in: tensor, as: Int16.self)
        case .int32: firstWhole(in: tensor, as: Int32.self)
        case .int64: firstWhole(in: tensor, as: Int64.self)
        case .bytes: nil
        }
    }

    /// The smallest number of a type that is within bounds. Where only finite ones are, that is what bounds them.
    private func low<Element: BinaryFloatingPoint>(_ type: Element.Type) -> Element {
        guard let least else { return isFinite ? -Element.greatestFiniteMagnitude : -.infinity }
        let rounded = Element(least)
        // Rounding to a coarser type must not let anything in.
        return Double(rounded) < least ? rounded.nextUp : rounded
    }

    private func high<Element: BinaryFloatingPoint>(_ type: Element.Type) -> Element {
        guard let most else { return isFinite ? Element.greatestFiniteMagnitude : .infinity }
        let rounded = Element(most)
        return Double(rounded) > most ? rounded.nextDown : rounded
    }

    /// What is no number is within no bounds. A block is looked at as a whole first: without a branch, a check of overflow or
    /// a call inside, the compiler makes wide instructions of it.
    @inline(__always)
    private func scan<Element: BitwiseCopyable>(
        _ tensor: Tensor, as type: Element.Type, isWrong: (Element) -> Bool
    ) -> Int? {
        let size = MemoryLayout<Element>.size
        return tensor.withBytes { bytes -> Int? in
            guard let base = bytes.baseAddress else { return nil }
            let count = bytes.count / size
            var start = 0
            while start < count {
                let end = min(start &+ Self.block, count)
                var wrong: UInt32 = 0
                var index = start
                while index < end {
                    wrong |= isWrong(base.loadUnaligned(fromByteOffset: index &* size, as: type)) ? 1 : 0
                    index &+= 1
                }
                if wrong != 0 {
                    return (start..<end).first {
                        isWrong(base.loadUnaligned(fromByteOffset: $0 * size, as: type))
                    }
                }
                start = end
            }
            return nil
        }
    }

    private static let block = 1_024

    @inline(__always)
    private func first<Element: BinaryFloatingPoint & BitwiseCopyable>(
        in tensor: Tensor, as type: Element.Type, low: Element, high: Element
    ) -> Int? {
        scan(tensor, as: type) { !($0 >= low && $0 <= high) }
    }

    @inline(__always)
    private func firstHalf(in tensor: Tensor, value: (UInt16) -> Float) -> Int? {
        let (low, high) = (low(Float.self), high(Float.self))
        return scan(tensor, as: UInt16.self) {
            let value = value($0)
            return !(value >= low && value <= high)
        }
    }

    @inline(__always)
    private func firstWhole<Element: FixedWidthInteger & BitwiseCopyable>(
        in tensor: Tensor, as type: Element.Type
    ) -> Int? {
        let low = least.map { Self.atLeast($0, type) } ?? .min
        let high = most.map { Self.atMost($0, type) } ?? .max
        // No number of the type is within: the first one is wrong already.
        guard let low, let high else { return tensor.elementCount > 0 ? 0 : nil }
        if low == .min && high == .max { return nil }
        return scan(tensor, as: type) { $0 < low || $0 > high }
    }

    /// The smallest whole number of a type that isn't below; `nil` where all are.
    private static func atLeast<Element: FixedWidthInteger>(_ bound: Double, _ type: Element.Type) -> Element? {
        let whole = bound.rounded(.up)
        return Element(exactly: whole) ?? (whole < 0 || whole <= Double(Element.min) ? .min : nil)
    }

    private static func atMost<Element: FixedWidthInteger>(_ bound: Double, _ type: Element.Type) -> Element? {
        let whole = bound.rounded(.down)
        return Element(exactly: whole) ?? (whole >= Double(Element.max) ? .max : nil)
    }

    private func numberError(_ tensor: Tensor, _ index: Int) -> SluiceError {
        let value = tensor.withBytes { tensor.number(index, in: $0) }
        let place = place(of: index, in: tensor.shape)
        let what: String
        if value.isNaN {
            what = "is not a number"
        } else if value.isInfinite, isFinite {
            what = "is not finite"
        } else if let least, value < least {
            what = "is \(Self.text(value)), below \(Self.text(least))"
        } else if let most, value > most {
            what = "is \(Self.text(value)), above \(Self.text(most))"
        } else {
            what = "is \(Self.text(value)), out of its bounds"
        }
        var detail = [SluiceError.Detail("index", place)]
        if let least { detail.append(.init("min", Self.text(least))) }
        if let most { detail.append(.init("max", Self.text(most))) }
        return error("the number at \(place) \(what)", detail)
    }

    private func error(_ what: String, _ detail: [SluiceError.Detail]) -> SluiceError {
        SluiceError(.invalidInput, "input \"\(input)\": \(what)", detail: [.init("input", input)] + detail)
    }

    /// Where an element stands, as `[row,column]`.
    private func place(of index: Int, in shape: [Int]) -> String {
        var rest = index
        var place: [Int] = []
        for size in shape.reversed() where size > 0 {
            place.append(rest % size)
            rest /= size
        }
        return Shape.text(place.reversed())
    }

    private static func text(_ value: Double) -> String {
        Int(exactly: value).map(String.init) ?? String(value)
    }
}
