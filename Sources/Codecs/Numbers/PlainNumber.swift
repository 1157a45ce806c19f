/// A number in the form that nearly all have: perhaps a minus, at most 15 digits, among them at most one point, and then a
/// comma, a bracket or a space.
///
/// Whatever is written otherwise, or wrongly, is none: `DecimalNumber` knows all forms and all mistakes. What both know they
/// read alike.
struct PlainNumber {
    let isNegative: Bool
    /// The digits as one integer, below 10^15.
    let significand: UInt64
    /// How many of them follow the point.
    let fractionDigits: Int

    /// Bytes that are read without looking for the end each time: a sign, 15 digits and more, a point, what comes next.
    private static let reach = 32
    private static let mostDigits = 15

    /// Reads the number at `position`, and moves `position` past it where there is one.
    @inline(__always)
    init?(_ position: inout UnsafePointer<UInt8>, end: UnsafePointer<UInt8>) {
        guard end - position >= Self.reach else { return nil }
        var next = position
        isNegative = next.pointee == UInt8(ascii: "-")
        if isNegative { next += 1 }
        let (whole, wholeDigits) = Self.digits(next)
        // Eight may be the first of more. A zero may not lead others (RFC 8259, section 6).
        guard wholeDigits > 0, wholeDigits < 8, wholeDigits == 1 || next.pointee != UInt8(ascii: "0") else {
            return nil
        }
        next += wholeDigits
        var value = whole
        var fractionDigits = 0
        if next.pointee == UInt8(ascii: ".") {
            next += 1
            let (first, firstDigits) = Self.digits(next)
            guard firstDigits > 0 else { return nil }
            next += firstDigits
            fractionDigits = firstDigits
            value = value &* Self.powersOfTen[firstDigits] &+ first
            if firstDigits == 8 {
                let (second, secondDigits) = Self.digits(next)
                guard secondDigits < 8 else { return nil }
                next += secondDigits
                fractionDigits += secondDigits
                value = value &* Self.powersOfTen[secondDigits] &+ second
            }
            guard wholeDigits + fractionDigits <= Self.mostDigits else { return nil }
        }
        switch next.pointee {
        case UInt8(ascii: ","), UInt8(ascii: "]"), 0x20, 0x0A, 0x0D: break
        default: return nil
        }
        significand = value
        self.fractionDigits = fractionDigits
        position = next
    }

    /// The digits among the next eight bytes up to the first that is none, and how many there are.
    ///
    /// All eight are looked at at once: a byte that is no digit gets its highest bit set by one of two additions, which
    /// can disturb only bytes behind it. Then neighbours are joined, two, four and eight at a time.
    @inline(__always)
    private static func digits(_ bytes: UnsafePointer<UInt8>) -> (value: UInt64, count: Int) {
        let word = UInt64(littleEndian: UnsafeRawPointer(bytes).loadUnaligned(as: UInt64.self))
        let values = word &- 0x3030_3030_3030_3030
        let others = ((word &+ 0x4646_4646_4646_4646) | values) & 0x8080_8080_8080_8080
        let count = others.trailingZeroBitCount >> 3
        guard count > 0 else { return (0, 0) }
        // The digits move to the end; zeros come in before them.
        var value = values << UInt64(64 - 8 * count)
        value = (value &* 10 &+ (value >> 8)) & 0x00FF_00FF_00FF_00FF
        value = (value &* 100 &+ (value >> 16)) & 0x0000_FFFF_0000_FFFF
        value = (value &* 10_000 &+ (value >> 32)) & 0x0000_0000_FFFF_FFFF
        return (value, count)
    }

    private static let powersOfTen: InlineArray<9, UInt64> = [
        1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000,
    ]

    /// The nearest double.
    @inline(__always)
    var double: Double {
        // Both are exact as doubles, so one division rounds once (W. D. Clinger, 1990).
        let value = Double(significand) / DecimalNumber.exactPowersOfTen[fractionDigits]
        return isNegative ? -value : value
    }

    /// The nearest float; `nil` where the nearest double lies halfway between two.
    @inline(__always)
    var float: Float? {
        let value = double
        return value.bitPattern & 0x1FFF_FFFF == 0x1000_0000 ? nil : Float(value)
    }
}
