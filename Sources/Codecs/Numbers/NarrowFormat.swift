/// The layout of a 16-bit floating-point type, and conversion from and to it.
package struct NarrowFormat: Sendable {
    /// Bits of the significand, the implicit one included.
    private let precision: Int
    /// The exponent of the smallest normal number.
    private let leastExponent: Int
    /// The bits of +infinity.
    private let infinity: UInt16

    /// IEEE 754 binary16.
    package static let fp16 = NarrowFormat(precision: 11, leastExponent: -14, infinity: 0x7C00)
    /// The upper half of IEEE 754 binary32.
    package static let bf16 = NarrowFormat(precision: 8, leastExponent: -126, infinity: 0x7F80)

    /// The nearest value, ties to even; `nil` where that is beyond the type's largest. NaN and infinities stay so.
    ///
    /// - Parameter tieBreak: Asked where `value` lies exactly between two values of the type, in case it was itself
    ///   rounded to there: above 0 where the true magnitude is larger, below 0 where it is smaller.
    package func round(_ value: Double, tieBreak: () -> Int = { 0 }) -> UInt16? {
        let sign: UInt16 = value.sign == .minus ? 0x8000 : 0
        if value.isNaN { return sign | infinity | 1 << UInt16(precision - 2) }
        if value.isInfinite { return sign | infinity }
        // Doubles below the normal range are below a quarter of the smallest step of either type.
        guard value.isNormal else { return sign }

        let significand = value.significandBitPattern | 1 << 52
        let exponent = Int(value.exponent)
        let shift = 53 - precision + max(leastExponent - exponent, 0)
        guard shift <= 54 else { return sign }
        var quotient = significand >> UInt64(shift)
        let remainder = significand & ((1 << UInt64(shift)) - 1)
        let half = UInt64(1) << UInt64(shift - 1)
        if remainder > half {
            quotient += 1
        } else if remainder == half {
            let order = tieBreak()
            if order > 0 || (order == 0 && quotient & 1 == 1) { quotient += 1 }
        }
        // The quotient's implicit bit, or a carry out of it, adds one to the exponent field.
        let field = UInt64(max(exponent - leastExponent, 0))
        let bits = field << UInt64(precision - 1) + quotient
        return bits < UInt64(infinity) ? sign | UInt16(bits) : nil
    }

    /// The value of some bits, exactly.
    package func widen(_ bits: UInt16) -> Float {
        let isNegative = bits & 0x8000 != 0
        let magnitude = bits & 0x7FFF
        let fractionBits = UInt16(precision - 1)
        let fraction = magnitude & ((1 << fractionBits) - 1)
        let value: Float
        if magnitude >= infinity {
            value = fraction == 0 ? .infinity : .nan
        } else if magnitude >> fractionBits == 0 {
            value = Float(fraction) * Float(sign: .plus, exponent: leastExponent - precision + 1, significand: 1)
        } else {
            let exponent = Int(magnitude >> fractionBits) - 1 + leastExponent - precision + 1
            value = Float(sign: .plus, exponent: exponent, significand: Float(fraction | 1 << fractionBits))
        }
        return isNegative ? -value : value
    }
}
