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

    @Test(arguments: [(0.1 as Float, "0.1"), (16_777_216, "16777216"), (.infinity, "Infinity")])
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
            if float.isFinite {
                let written = text { $0.appendNumber(float) }
                #expect(DecimalNumberTests.float(written)?.bitPattern == float.bitPattern, "\(written)")
            }
        }
    }
}
