extension Duration {
    /// The duration in nanoseconds, rounded down: none where it is negative, at most the 584 years that 64 bits hold.
    package var wholeNanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let (product, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, overflowed) = product.addingReportingOverflow(UInt64(attoseconds) / 1_000_000_000)
        return overflow || overflowed ? .max : sum
    }
}
