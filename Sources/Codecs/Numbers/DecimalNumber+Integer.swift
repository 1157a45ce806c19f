extension DecimalNumber {
    /// The number as an integer type, exactly: `1.0` and `1e3` are integers, `1.5` is not.
    ///
    /// - Throws: `hasFraction` or `outOfRange`.
    @inline(__always)
    package func integer<Integer: FixedWidthInteger>(as type: Integer.Type = Integer.self) throws(NumberFault)
        -> Integer
    {
        if exponent == 0, !isTruncated { return try signed(significand) }
        return try signed(wholeMagnitude())
    }

    @inline(__always)
    private func signed<Integer: FixedWidthInteger>(_ magnitude: UInt64) throws(NumberFault) -> Integer {
        if !isNegative {
            guard let value = Integer(exactly: magnitude) else { throw .outOfRange }
            return value
        }
        // The most negative value has no positive counterpart, so the sign comes before the range check.
        guard magnitude <= UInt64(1) << 63, let value = Integer(exactly: Int64(truncatingIfNeeded: 0 &- magnitude))
        else { throw .outOfRange }
        return value
    }

    /// The magnitude where it is a whole number below 2^64.
    private func wholeMagnitude() throws(NumberFault) -> UInt64 {
        guard let order = decimalOrder else { return 0 }
        // Digits past this many belong to the fraction, and must be zeros.
        var wholeDigits = order
        var magnitude: UInt64 = 0
        var hasOverflown = false
        var isLeading = true
        for index in 0..<length {
            let byte = digits[index]
            if byte == UInt8(ascii: ".") { continue }
            let digit = byte &- UInt8(ascii: "0")
            guard digit <= 9 else { break }
            if isLeading, digit == 0 { continue }
            isLeading = false
            if wholeDigits <= 0 {
                if digit != 0 { throw .hasFraction }
                continue
            }
            wholeDigits -= 1
            hasOverflown = magnitude.appendDigit(digit) || hasOverflown
        }
        while wholeDigits > 0, !hasOverflown {
            wholeDigits -= 1
            hasOverflown = magnitude.appendDigit(0)
        }
        if hasOverflown { throw .outOfRange }
        return magnitude
    }
}

extension UInt64 {
    /// Multiplies by ten and adds; tells whether that overflowed.
    fileprivate mutating func appendDigit(_ digit: UInt8) -> Bool {
        let (product, productOverflow) = multipliedReportingOverflow(by: 10)
        let (sum, sumOverflow) = product.addingReportingOverflow(UInt64(digit))
        self = sum
        return productOverflow || sumOverflow
    }
}
