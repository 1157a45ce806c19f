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
}
