internal import CNumberText

/// A number as it lies in a tensor, read from and written to text.
protocol NumberElement: BitwiseCopyable {
    /// Converts a number exactly, or to the nearest value of a floating-point type.
    init(_ number: DecimalNumber) throws(NumberFault)
    /// Converts a number in its usual form; `nil` where it takes a longer look.
    init?(_ number: PlainNumber)
    /// Writes the shortest text that reads back as the same value; returns its length, at most 32 bytes.
    ///
    /// `NaN`, `Infinity` and `-Infinity` for the values that are no numbers.
    func write(to text: UnsafeMutablePointer<UInt8>) -> Int
    /// False for NaN and the infinities.
    var isFinite: Bool { get }
}

extension Double: NumberElement {
    @inline(__always)
    init(_ number: DecimalNumber) throws(NumberFault) { self = try number.double() }

    @inline(__always)
    init?(_ number: PlainNumber) { self = number.double }

    func write(to text: UnsafeMutablePointer<UInt8>) -> Int {
        guard isFinite else { return writeNonFinite(self, to: text) }
        return UnsafeMutableRawPointer(text).withMemoryRebound(to: CChar.self, capacity: 32) {
            sluice_write_double($0, self)
        }
    }
}

extension Float: NumberElement {
    @inline(__always)
    init(_ number: DecimalNumber) throws(NumberFault) { self = try number.float() }

    @inline(__always)
    init?(_ number: PlainNumber) {
        guard let value = number.float else { return nil }
        self = value
    }

    func write(to text: UnsafeMutablePointer<UInt8>) -> Int {
        guard isFinite else { return writeNonFinite(Double(self), to: text) }
        return UnsafeMutableRawPointer(text).withMemoryRebound(to: CChar.self, capacity: 32) {
            sluice_write_float($0, self)
        }
    }
}

/// An element of an FP16 tensor. Written as the FP32 of the same value.
struct Half: NumberElement {
    let bits: UInt16
    init(_ number: DecimalNumber) throws(NumberFault) { bits = try number.narrow(to: .fp16) }
    init?(_ number: PlainNumber) { return nil }
    func write(to text: UnsafeMutablePointer<UInt8>) -> Int { NarrowFormat.fp16.widen(bits).write(to: text) }
    var isFinite: Bool { bits & 0x7C00 != 0x7C00 }
}

/// An element of a BF16 tensor. Written as the FP32 of the same value.
struct BrainFloat: NumberElement {
    let bits: UInt16
    init(_ number: DecimalNumber) throws(NumberFault) { bits = try number.narrow(to: .bf16) }
    init?(_ number: PlainNumber) { return nil }
    func write(to text: UnsafeMutablePointer<UInt8>) -> Int { NarrowFormat.bf16.widen(bits).write(to: text) }
    var isFinite: Bool { bits & 0x7F80 != 0x7F80 }
}

extension NumberElement where Self: FixedWidthInteger {
    @inline(__always)
    init(_ number: DecimalNumber) throws(NumberFault) { self = try number.integer() }

    @inline(__always)
    init?(_ number: PlainNumber) {
        guard number.fractionDigits == 0 else { return nil }
        let magnitude = Int64(truncatingIfNeeded: number.significand)
        self.init(exactly: number.isNegative ? -magnitude : magnitude)
    }

    func write(to text: UnsafeMutablePointer<UInt8>) -> Int {
        var rest = UInt64(magnitude)
        var length = self < 0 ? 1 : 0
        var probe = rest
        repeat {
            probe /= 10
            length += 1
        } while probe > 0
        var position = length
        repeat {
            position -= 1
            text[position] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        if self < 0 { text[0] = UInt8(ascii: "-") }
        return length
    }

    var isFinite: Bool { true }
}

extension Int8: NumberElement {}
extension Int16: NumberElement {}
extension Int32: NumberElement {}
extension Int64: NumberElement {}
extension UInt8: NumberElement {}
extension UInt16: NumberElement {}
extension UInt32: NumberElement {}
extension UInt64: NumberElement {}

private func writeNonFinite(_ value: Double, to text: UnsafeMutablePointer<UInt8>) -> Int {
    let name: StaticString = value.isNaN ? "NaN" : value > 0 ? "Infinity" : "-Infinity"
    text.update(from: name.utf8Start, count: name.utf8CodeUnitCount)
    return name.utf8CodeUnitCount
}
