extension [UInt8] {
    /// Appends the shortest text that reads back as the same number; `NaN`, `Infinity`, `-Infinity` for the others.
    package mutating func appendNumber(_ value: Double) { appendElement(value) }
    /// Appends the shortest text that reads back as the same number; `NaN`, `Infinity`, `-Infinity` for the others.
    package mutating func appendNumber(_ value: Float) { appendElement(value) }
    /// Appends decimal digits.
    package mutating func appendNumber(_ value: Int) {
        if value >= 0, value < 1000 { appendSmall(value) } else { appendElement(Int64(value)) }
    }
    /// Appends decimal digits.
    package mutating func appendNumber(_ value: Int64) { appendElement(value) }
    /// Appends decimal digits.
    package mutating func appendNumber(_ value: UInt64) { appendElement(value) }

    /// Appends at most three digits, as most sizes have.
    private mutating func appendSmall(_ value: Int) {
        if value >= 100 { append(UInt8(truncatingIfNeeded: value / 100) | 0x30) }
        if value >= 10 { append(UInt8(truncatingIfNeeded: value / 10 % 10) | 0x30) }
        append(UInt8(truncatingIfNeeded: value % 10) | 0x30)
    }

    private mutating func appendElement(_ value: some NumberElement) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 32) { text in
            guard let start = text.baseAddress else { return }
            append(contentsOf: UnsafeBufferPointer(rebasing: text[..<value.write(to: start)]))
        }
    }
}
