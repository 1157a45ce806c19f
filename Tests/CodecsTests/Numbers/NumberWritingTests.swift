import Testing

@testable import Codecs

@Suite("Writing numbers")
struct NumberWritingTests {
    private func text(_ append: (inout [UInt8]) -> Void) -> String {
        var bytes: [UInt8] = []
        append(&bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test(arguments: [
        (0.1, "0.1"), (1, "1"), (-0.0, "-0"), (1e100, "1e+100"), (.nan, "NaN"), (-.infinity, "-Infinity"),
    ])
    func doubleIsShortest(value: Double, expected: String) {
        #expect(text { $0.appendNumber(value) } == expected)
    }

    @Test(arguments: [
        (0.1 as Float, "0.1"), (16_777_216, "16777216"), (.infinity, "Infinity"), (-0.25, "-0.25"), (100, "100"),
        (123_456.7, "123456.7"), (1e5, "1e+05"), (90_000, "90000"), (0.001, "0.001"), (1e-4, "1e-04"),
        (1.5e-4, "0.00015"),
        (9_999_999, "9999999"), (1_234_567, "1234567"), (0.000_123_456, "0.000123456"), (5e-5, "5e-05"), (0, "0"),
        (-0.0, "-0"), (33_554_432, "33554432"), (.leastNonzeroMagnitude, "1e-45"),
    ])
    func floatIsShortest(value: Float, expected: String) {
        #expect(text { $0.appendNumber(value) } == expected)
    }

    @Test(arguments: [0, 9, 10, -1, -10, .max, .min])
    func integerIsDecimal(value: Int64) {
        #expect(text { $0.appendNumber(value) } == "\(value)")
    }

    @Test func largestUnsignedIsDecimal() {
        #expect(text { $0.appendNumber(UInt64.max) } == "18446744073709551615")
    }

    @Test func randomNumbersReadBackAsTheSameBitsAndAreNoLongerThanSwifts() {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<20_000 {
            let double = Double(bitPattern: random.next())
            let float = Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
            if double.isFinite {
                let written = text { $0.appendNumber(double) }
                #expect(DecimalNumberTests.double(written)?.bitPattern == double.bitPattern, "\(written)")
                #expect(written.utf8.count <= "\(double)".utf8.count)
            }
            // Most bits make huge or tiny numbers: these are such as models answer.
            let usual = Float(Int32(truncatingIfNeeded: random.next())) / Float(1 << (random.next() % 40))
            let written = text { $0.appendNumber(usual) }
            #expect(DecimalNumberTests.float(written)?.bitPattern == usual.bitPattern, "\(written)")
            #expect(written.utf8.count <= "\(usual)".utf8.count, "\(written)")
            if float.isFinite {
                let written = text { $0.appendNumber(float) }
                #expect(DecimalNumberTests.float(written)?.bitPattern == float.bitPattern, "\(written)")
            }
        }
    }
}
