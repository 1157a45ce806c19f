/// Checked arithmetic on tensor shapes: arrays of dimensions, outermost first, empty for a scalar.
package enum Shape {
    /// The most dimensions that a tensor may have (NumPy's bound too).
    package static let maximumRank = 64

    /// How many elements a tensor of this shape has; `nil` where a dimension is negative or the product overflows.
    ///
    /// A dimension of 0 doesn't excuse others whose product overflows, wherever it stands (as in NumPy).
    package static func elementCount(_ shape: [Int]) -> Int? {
        var count = 1
        var isEmpty = false
        for dimension in shape {
            guard dimension >= 0 else { return nil }
            if dimension == 0 {
                isEmpty = true
                continue
            }
            let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
            if overflow { return nil }
            count = product
        }
        return isEmpty ? 0 : count
    }

    /// How many bytes a compact tensor of this shape and fixed-width type takes; `nil` on overflow or for `bytes`.
    package static func byteCount(_ shape: [Int], of dataType: DataType) -> Int? {
        guard let elements = elementCount(shape) else { return nil }
        return byteCount(ofElements: elements, of: dataType)
    }

    /// How many bytes so many elements of this fixed-width type take; `nil` on overflow or for `bytes`.
    package static func byteCount(ofElements elements: Int, of dataType: DataType) -> Int? {
        guard dataType != .bytes else { return nil }
        let (bytes, overflow) = elements.multipliedReportingOverflow(by: dataType.byteWidth)
        return overflow ? nil : bytes
    }

    /// The shape as messages show it, e.g. `[-1,4]`.
    package static func text(_ shape: [Int]) -> String {
        "[" + shape.map(String.init).joined(separator: ",") + "]"
    }
}
