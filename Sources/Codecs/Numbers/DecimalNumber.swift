/// A decimal number as read from text, not yet converted to any type: `± significand × 10^exponent`.
///
/// It points at its text, and is valid only as long as that is.
package struct DecimalNumber {
    /// Whether the text starts with a minus, which `-0` keeps.
    let isNegative: Bool
    /// The digits as one integer, where they fit; see `isTruncated`.
    let significand: UInt64
    /// The power of ten that the significand is multiplied by.
    let exponent: Int
    /// There are more digits than the significand holds: only the text has the whole value.
    let isTruncated: Bool
    /// The text has neither a fraction nor an exponent.
    package let isInteger: Bool
    /// The first digit or point, past any sign.
    let digits: UnsafePointer<UInt8>
    /// How many bytes the number takes from `digits` on.
    let length: Int

    /// Which texts are numbers.
    enum Grammar {
        /// RFC 8259, section 6.
        case json
        /// Also a leading plus, leading zeros, and a point without digits on one side: what spreadsheets write.
        case lenient
    }

    /// Exponents are kept within this, far beyond any type's range and far from overflow.
    static let exponentLimit = 1 << 40

    /// Reads the number that starts at `position`, and moves `position` past it.
    ///
    /// - Returns: `nil` where there is none; `position` is then at the byte that is wrong, or at `end`.
    @inline(__always)
    static func scan(
        _ position: inout UnsafePointer<UInt8>, end: UnsafePointer<UInt8>, grammar: Grammar = .json
    ) -> DecimalNumber? {
        var p = position
        defer { position = p }
        var isNegative = false
        if p < end, p.pointee == UInt8(ascii: "-") {
            isNegative = true
            p += 1
        } else if grammar == .lenient, p < end, p.pointee == UInt8(ascii: "+") {
            p += 1
        }
        let digits = p
        var significand: UInt64 = 0
        while p < end {
            let digit = p.pointee &- UInt8(ascii: "0")
            if digit > 9 { break }
            significand = significand &* 10 &+ UInt64(digit)
            p += 1
        }
        let wholeDigits = p - digits
        if grammar == .json {
            if wholeDigits == 0 { return nil }
            if wholeDigits > 1, digits.pointee == UInt8(ascii: "0") {
                p = digits + 1
                return nil
            }
        }
        var digitCount = wholeDigits
        var exponent = 0
        var isInteger = true
        if p < end, p.pointee == UInt8(ascii: ".") {
            isInteger = false
            p += 1
            let fraction = p
            while p < end {
                let digit = p.pointee &- UInt8(ascii: "0")
                if digit > 9 { break }
                significand = significand &* 10 &+ UInt64(digit)
                p += 1
            }
            if grammar == .json, p == fraction { return nil }
            exponent = fraction - p
            digitCount -= exponent
        }
        if digitCount == 0 { return nil }
        if p < end, p.pointee | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            guard let power = scanExponent(&p, end: end) else { return nil }
            exponent += power
        }
        // 19 digits always fit in 64 bits, more may not: then the digits are looked at one by one.
        let isTruncated = digitCount > 19 && significantDigits(in: digits, length: p - digits) > 19
        return DecimalNumber(
            isNegative: isNegative, significand: significand, exponent: exponent, isTruncated: isTruncated,
            isInteger: isInteger, digits: digits, length: p - digits)
    }

    /// Reads `e`, an optional sign and digits; `nil` where the digits are missing.
    private static func scanExponent(_ p: inout UnsafePointer<UInt8>, end: UnsafePointer<UInt8>) -> Int? {
        p += 1
        var isNegative = false
        if p < end, p.pointee == UInt8(ascii: "-") || p.pointee == UInt8(ascii: "+") {
            isNegative = p.pointee == UInt8(ascii: "-")
            p += 1
        }
        let start = p
        var power = 0
        while p < end {
            let digit = p.pointee &- UInt8(ascii: "0")
            if digit > 9 { break }
            if power < exponentLimit { power = power * 10 + Int(digit) }
            p += 1
        }
        if p == start { return nil }
        return isNegative ? -power : power
    }

    /// How many digits there are from the first that isn't zero on.
    private static func significantDigits(in digits: UnsafePointer<UInt8>, length: Int) -> Int {
        var count = 0
        for index in 0..<length {
            let digit = digits[index] &- UInt8(ascii: "0")
            if digit > 9 {
                if digits[index] == UInt8(ascii: ".") { continue }
                break
            }
            if count > 0 || digit > 0 { count += 1 }
        }
        return count
    }
}
