internal import CNumberText

extension DecimalNumber {
    /// 10^0 to 10^22: the powers of ten that a double holds exactly.
    static let exactPowersOfTen: InlineArray<23, Double> = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ]

    /// The nearest double, ties to even.
    ///
    /// - Throws: `outOfRange` where that is infinite. A number too small for the type is zero.
    @inline(__always)
    package func double() throws(NumberFault) -> Double {
        if let value = quickDouble() { return value }
        return try slowly(sluice_read_double)
    }

    /// The nearest float, ties to even, rounded once.
    ///
    /// - Throws: `outOfRange` where that is infinite. A number too small for the type is zero.
    @inline(__always)
    package func float() throws(NumberFault) -> Float {
        // A double halfway between two floats may itself have been rounded to there: only the text can tell which
        // float is nearer. No other double has that trouble, and here none is too large or too small for a float.
        if let value = quickDouble(), value.bitPattern & 0x1FFF_FFFF != 0x1000_0000 { return Float(value) }
        return try slowly(sluice_read_float)
    }

    /// The nearest value of a 16-bit type, ties to even, rounded once.
    ///
    /// - Throws: `outOfRange` where that is infinite. A number too small for the type is zero.
    func narrow(to format: NarrowFormat) throws(NumberFault) -> UInt16 {
        let value = try double()
        guard let bits = format.round(value, tieBreak: { self.compareMagnitude(to: value.magnitude) }) else {
            throw .outOfRange
        }
        return bits
    }

    /// The value by one exact multiplication or division, correctly rounded (W. D. Clinger, 1990); `nil` where that
    /// isn't possible.
    @inline(__always)
    private func quickDouble() -> Double? {
        guard significand < 1 << 53, !isTruncated else { return nil }
        var value = Double(significand)
        if exponent < 0 {
            guard exponent >= -22 else { return nil }
            value /= Self.exactPowersOfTen[-exponent]
        } else if exponent > 0 {
            guard exponent <= 22 else { return nil }
            value *= Self.exactPowersOfTen[exponent]
        }
        return isNegative ? -value : value
    }

    /// The value by the C++ library, from the text.
    @inline(never)
    private func slowly<Number: BinaryFloatingPoint>(
        _ read: (UnsafePointer<CChar>, Int, UnsafeMutablePointer<Number>) -> Int
    ) throws(NumberFault) -> Number {
        var value: Number = 0
        let order = decimalOrder
        // Where the exponent alone decides, the library isn't asked: its answer takes a second, slower look.
        if let order, order > -400 {
            guard order < 400 else { throw .outOfRange }
            let taken = UnsafeRawPointer(digits).withMemoryRebound(to: CChar.self, capacity: length) {
                read($0, length, &value)
            }
            assert(taken == length, "what the scanner takes for a number, the library must too")
        }
        guard value.isFinite else { throw .outOfRange }
        return isNegative ? -value : value
    }

    /// `n` where the magnitude is in `10^(n-1) ..< 10^n`; `nil` for zero.
    var decimalOrder: Int? {
        var whole = 0
        var isWhole = true
        var leadingZeros = 0
        var isLeading = true
        for index in 0..<length {
            let byte = digits[index]
            if byte == UInt8(ascii: ".") {
                isWhole = false
                continue
            }
            guard byte &- UInt8(ascii: "0") <= 9 else { break }
            if isLeading, byte == UInt8(ascii: "0") {
                if !isWhole { leadingZeros += 1 }
                continue
            }
            isLeading = false
            if isWhole { whole += 1 } else { break }
        }
        if isLeading { return nil }
        return whole - (whole == 0 ? leadingZeros : 0) + power
    }

    /// The exponent as written, before the digits of the fraction were counted off.
    private var power: Int {
        var fraction = 0
        var isFraction = false
        for index in 0..<length {
            let byte = digits[index]
            if byte == UInt8(ascii: ".") {
                isFraction = true
            } else if byte &- UInt8(ascii: "0") > 9 {
                break
            } else if isFraction {
                fraction += 1
            }
        }
        return exponent + fraction
    }

    /// Compares the magnitude, as written, with a finite double: below 0 where it is smaller, 0 where it is equal.
    private func compareMagnitude(to value: Double) -> Int {
        let order = UnsafeRawPointer(digits).withMemoryRebound(to: CChar.self, capacity: length) {
            sluice_compare($0, length, decimalOrder ?? 0, value)
        }
        return Int(order)
    }
}
