import Glibc
import Testing

@testable import Codecs

@Suite("Decimal numbers")
struct DecimalNumberTests {
    /// Scans all of `text`; `nil` where it isn't a number from end to end.
    static func scanned<Result>(
        _ text: String, grammar: DecimalNumber.Grammar = .json, _ body: (DecimalNumber) -> Result
    ) -> Result? {
        let bytes = Array(text.utf8)
        return bytes.withUnsafeBufferPointer { buffer -> Result? in
            guard var position = buffer.baseAddress else { return nil }
            let end = position + buffer.count
            guard let number = DecimalNumber.scan(&position, end: end, grammar: grammar), position == end else {
                return nil
            }
            return body(number)
        }
    }

    static func double(_ text: String) -> Double? {
        scanned(text) { try? $0.double() } ?? nil
    }

    static func float(_ text: String) -> Float? {
        scanned(text) { try? $0.float() } ?? nil
    }

    static func half(_ text: String) -> UInt16? {
        scanned(text) { try? $0.narrow(to: .fp16) } ?? nil
    }

    static func brainFloat(_ text: String) -> UInt16? {
        scanned(text) { try? $0.narrow(to: .bf16) } ?? nil
    }

    // MARK: Grammar

    @Test(arguments: [
        "0", "-0", "1", "12", "-12", "0.5", "1.25e3", "1E5", "1e+5", "1e-5", "0e0", "0.0",
        "123456789012345678901234567890",
    ])
    func jsonNumberIsTakenWhole(text: String) {
        #expect(Self.double(text) == strtod(text, nil))
    }

    @Test(arguments: [
        "", "-", "+1", "01", "-01", ".5", "5.", "1e", "1e+", "1e-", "--1", "1.e5", "0x10", "1_000", "NaN", "Infinity",
        "1,5",
        "e5", ".", "-.5",
    ])
    func otherTextIsNoJSONNumber(text: String) {
        #expect(Self.double(text) == nil)
    }

    @Test(arguments: [("+1", 1.0), ("007", 7), (".5", 0.5), ("5.", 5), ("-.5e1", -5), ("5.e2", 500), ("+00.10", 0.1)])
    func lenientGrammarTakesWhatSpreadsheetsWrite(text: String, value: Double) {
        #expect(Self.scanned(text, grammar: .lenient) { try? $0.double() } == value)
    }

    @Test(arguments: ["", "+", ".", "-.", "e5", ".e5", "+-1", "1e", "0x1", "1 2", "inf"])
    func lenientGrammarStillNeedsDigits(text: String) {
        #expect(Self.scanned(text, grammar: .lenient) { _ in true } == nil)
    }

    @Test func scanningStopsAtTheWrongByte() {
        for (text, stop) in [("-x", 1), ("1.x", 2), ("1e+x", 3), ("012", 1)] {
            let bytes = Array(text.utf8)
            bytes.withUnsafeBufferPointer { buffer in
                guard let start = buffer.baseAddress else { return }
                var position = start
                #expect(DecimalNumber.scan(&position, end: start + buffer.count) == nil)
                #expect(position - start == stop, "\(text)")
            }
        }
    }

    // MARK: Floating point, against the C library and Swift's own

    /// Texts at the edges: ties, subnormals, the largest values, long digit strings.
    static let edges: [String] = {
        var texts = [
            "9007199254740993", "9007199254740993.0", "9007199254740992.9999", "1e22", "1e23", "123456789e-22",
            "123456789e-23", "1.7976931348623157e308", "1.7976931348623158e308", "4.9e-324", "2.4703282292062327e-324",
            "2.4703282292062328e-324", "2.2250738585072011e-308", "2.2250738585072014e-308", "3.4028234663852886e38",
            "3.4028235e38", "3.4028235677973366e38", "3.40282356779733661637e38", "1.17549435e-38", "1.4e-45",
            "7.0064923e-46",
            "7.1e-46", "0.3", "16777217", "16777217.0000000001", "16777216.9999999999", "1e-400", "0e999999999999",
            "0.1e-99999999999999999999", "-0.0", "1.00000005960464477539", "1.00000005960464477540",
            "1.000000059604644775390625", "1.0000000596046447753906250000000000000000000000000000001",
            "1.0000000596046447753906249999999999999999999999999999999",
        ]
        texts.append("1" + String(repeating: "0", count: 300))
        texts.append("0." + String(repeating: "0", count: 320) + "1")
        texts.append("1" + String(repeating: "0", count: 400) + "e-400")
        texts.append("0." + String(repeating: "0", count: 400) + "1e401")
        texts.append(String(repeating: "9", count: 60) + "." + String(repeating: "9", count: 60))
        return texts
    }()

    @Test(arguments: edges)
    func edgeRoundsAsTheCLibraryDoes(text: String) {
        #expect(Self.double(text)?.bitPattern == strtod(text, nil).bitPattern)
        let single = strtof(text, nil)
        #expect(Self.float(text)?.bitPattern == (single.isFinite ? single.bitPattern : nil))
    }

    @Test(arguments: [
        "1e309", "-1e309", "1.7976931348623159e308", "1e99999999999999999999", "9" + String(repeating: "9", count: 400),
    ])
    func doubleThatWouldBeInfiniteIsRefused(text: String) {
        #expect(Self.scanned(text) { number in #expect(throws: NumberFault.outOfRange) { try number.double() } } != nil)
    }

    @Test(arguments: ["3.4028236e38", "-3.5e38", "1e39", "340282356779733661637539395458142568448"])
    func floatThatWouldBeInfiniteIsRefused(text: String) {
        #expect(Self.scanned(text) { number in #expect(throws: NumberFault.outOfRange) { try number.float() } } != nil)
    }

    /// A random number text: digits with a point anywhere, and an exponent that reaches beyond both ends of the range.
    static func randomText(_ random: inout SeededGenerator) -> String {
        let digitCount = Int.random(in: 1...(Bool.random(using: &random) ? 17 : 40), using: &random)
        var digits = (0..<digitCount).map { _ in String(Int.random(in: 0...9, using: &random)) }
        let point = Int.random(in: 1...digitCount, using: &random)
        while point > 1, digits[0] == "0" { digits[0] = String(Int.random(in: 1...9, using: &random)) }
        var text = Bool.random(using: &random) ? "-" : ""
        text += digits[..<point].joined()
        if point < digitCount { text += "." + digits[point...].joined() }
        switch Int.random(in: 0..<4, using: &random) {
        case 0: text += "e\(Int.random(in: -30...30, using: &random))"
        case 1: text += "E\(Int.random(in: -345...320, using: &random))"
        case 2: text += "e\(Int.random(in: -60...50, using: &random))"
        default: break
        }
        return text
    }

    @Test func randomTextsRoundAsTheCLibraryAndSwiftDo() {
        var random = SeededGenerator(seed: 20_261_124)
        for _ in 0..<60_000 {
            let text = Self.randomText(&random)
            let double = strtod(text, nil)
            #expect(Self.double(text)?.bitPattern == (double.isFinite ? double.bitPattern : nil), "\(text)")
            #expect(Double(text)?.bitPattern == double.bitPattern, "\(text)")
            let float = strtof(text, nil)
            #expect(Self.float(text)?.bitPattern == (float.isFinite ? float.bitPattern : nil), "\(text)")
        }
    }

    @Test func textsOfRandomBitPatternsReadBackExactly() {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<30_000 {
            let double = Double(bitPattern: random.next())
            if double.isFinite { #expect(Self.double("\(double)")?.bitPattern == double.bitPattern) }
            let float = Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
            if float.isFinite { #expect(Self.float("\(float)")?.bitPattern == float.bitPattern) }
        }
    }

    @Test func textsAroundTiesBetweenFloatsRoundOnce() {
        var random = SeededGenerator(seed: 99)
        for _ in 0..<10_000 {
            // Halfway between two neighbouring floats, which a double holds exactly, and a hair to either side.
            let float = Float(bitPattern: UInt32.random(in: 0x0080_0000..<0x7F00_0000, using: &random))
            let middle = (Double(float) + Double(float.nextUp)) / 2
            let exact = format(middle, precision: 60)
            let parts = exact.split(separator: "e")
            for text in [exact, "\(parts[0])1e\(parts[1])", "\(middle.nextDown)", "\(middle.nextUp)"] {
                #expect(Self.float(text)?.bitPattern == strtof(text, nil).bitPattern, "\(text)")
            }
        }
    }

    /// `value` in scientific form with that many digits after the point.
    private func format(_ value: Double, precision: Int) -> String {
        var text = [CChar](repeating: 0, count: 400)
        let length = withVaList([value]) { vsnprintf(&text, text.count, "%.\(precision)e", $0) }
        return String(decoding: text[..<Int(length)].map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    // MARK: 16-bit types

    @Test(
        arguments: [
            ("0", 0), ("-0", 0x8000), ("1", 0x3C00), ("-2", 0xC000), ("0.1", 0x2E66), ("65504", 0x7BFF),
            ("65519.999999999999999999999", 0x7BFF), ("6e-8", 0x0001), ("5.9604644775390625e-8", 0x0001),
            ("2.98023223876953125e-8", 0x0000), ("2.98023223876953125000000000000000000001e-8", 0x0001),
            ("0.00006097555160522461", 0x03FF), ("1.00048828125", 0x3C00),
            ("1.000488281250000000000000000000000000000000000000001", 0x3C01),
            ("1.000488281249999999999999999999999999999999999999999", 0x3C00), ("1.00146484375", 0x3C02),
            ("1.0014648437499999999999999999999999999999999999999999", 0x3C01), ("1e-30", 0),
        ] as [(String, UInt16)])
    func halfIsRoundedOnceTiesToEven(text: String, bits: UInt16) {
        #expect(Self.half(text) == bits)
    }

    @Test(
        arguments: [
            ("1", 0x3F80), ("-1", 0xBF80), ("3.140625", 0x4049), ("1.00390625", 0x3F80), ("1.01171875", 0x3F82),
            ("1.0039062500000000000000000000000000000001", 0x3F81), ("3.3895313892515355e38", 0x7F7F),
            ("9.183549615799121e-41", 0x0001), ("4.591774807899560578e-41", 0x0000), ("1e-45", 0),
        ] as [(String, UInt16)])
    func brainFloatIsRoundedOnceTiesToEven(text: String, bits: UInt16) {
        #expect(Self.brainFloat(text) == bits)
    }

    @Test func sixteenBitOverflowIsRefused() {
        #expect(Self.half("65520") == nil)
        #expect(Self.half("-65520") == nil)
        #expect(Self.brainFloat("3.3961775292304601e38") == nil)
        #expect(Self.brainFloat("1e39") == nil)
    }

    @Test func everyHalfIsWidenedAndReadBackExactly() {
        for bits in 0...UInt16.max {
            let widened = NarrowFormat.fp16.widen(bits)
            let expected = Float(Float16(bitPattern: bits))
            #expect(widened.bitPattern == expected.bitPattern || (widened.isNaN && expected.isNaN))
            guard widened.isFinite else { continue }
            #expect(NarrowFormat.fp16.round(Double(widened)) == bits)
            if bits % 7 == 0 { #expect(Self.half("\(widened)") == bits) }
        }
    }

    @Test func everyBrainFloatIsWidenedAndReadBackExactly() {
        for bits in 0...UInt16.max {
            let widened = NarrowFormat.bf16.widen(bits)
            let expected = Float(bitPattern: UInt32(bits) << 16)
            #expect(widened.bitPattern == expected.bitPattern || (widened.isNaN && expected.isNaN))
            guard widened.isFinite else { continue }
            #expect(NarrowFormat.bf16.round(Double(widened)) == bits)
            if bits % 7 == 0 { #expect(Self.brainFloat("\(widened)") == bits) }
        }
    }

    @Test func randomDoublesRoundToHalfAsSwiftDoes() {
        var random = SeededGenerator(seed: 16)
        for _ in 0..<30_000 {
            let value =
                Double.random(in: -70_000...70_000, using: &random) * pow(2, Double.random(in: -30...0, using: &random))
            let expected = Float16(value)
            #expect(NarrowFormat.fp16.round(value) == (expected.isFinite ? expected.bitPattern : nil), "\(value)")
        }
    }

    // MARK: Integers

    static func integer<Integer: FixedWidthInteger>(_ text: String, as type: Integer.Type) -> Result<
        Integer, NumberFault
    >? {
        scanned(text) { number in Result { () throws(NumberFault) in try number.integer(as: type) } }
    }

    @Test(
        arguments: [
            ("0", 0), ("-0", 0), ("1.0", 1), ("1e3", 1000), ("100e-2", 1), ("-1.50e1", -15),
            ("9223372036854775807", .max),
            ("-9223372036854775808", .min), ("9223372036854775807.000", .max), ("922337203685477580700000e-5", .max),
            ("1000000000000000000000000000000e-30", 1), ("0e99999999999999999999", 0),
            ("0.0000000000000000000000000000001e31", 1),
        ] as [(String, Int64)])
    func wholeNumberIsAnInteger(text: String, value: Int64) {
        #expect(Self.integer(text, as: Int64.self) == .success(value))
    }

    @Test(arguments: [
        ("9223372036854775808", NumberFault.outOfRange), ("-9223372036854775809", .outOfRange), ("1e19", .outOfRange),
        ("1e99999999999999999999", .outOfRange), ("123456789012345678901234567890", .outOfRange), ("1.5", .hasFraction),
        ("-0.1", .hasFraction), ("1e-1", .hasFraction), ("1e-99999999999999999999", .hasFraction),
        ("9223372036854775807.000000000000000000000000001", .hasFraction),
    ])
    func otherNumberIsNoInteger(text: String, fault: NumberFault) {
        #expect(Self.integer(text, as: Int64.self) == .failure(fault))
    }

    @Test func unsignedRangeIsExact() {
        #expect(Self.integer("18446744073709551615", as: UInt64.self) == .success(.max))
        #expect(Self.integer("18446744073709551616", as: UInt64.self) == .failure(.outOfRange))
        #expect(Self.integer("-1", as: UInt64.self) == .failure(.outOfRange))
        #expect(Self.integer("-0", as: UInt64.self) == .success(0))
    }

    @Test func everyNarrowIntegerHasItsBounds() {
        func check<Integer: FixedWidthInteger>(_ type: Integer.Type) {
            #expect(Self.integer("\(Integer.min)", as: type) == .success(.min))
            #expect(Self.integer("\(Integer.max)", as: type) == .success(.max))
            #expect(Self.integer("\(Int(Integer.min) - 1)", as: type) == .failure(.outOfRange))
            #expect(Self.integer("\(Int(Integer.max) + 1)", as: type) == .failure(.outOfRange))
        }
        check(Int8.self)
        check(Int16.self)
        check(Int32.self)
        check(UInt8.self)
        check(UInt16.self)
        check(UInt32.self)
    }

    @Test func randomIntegersReadAsSwiftDoes() {
        var random = SeededGenerator(seed: 64)
        for _ in 0..<20_000 {
            let value = Int64(bitPattern: random.next()) >> Int64.random(in: 0..<64, using: &random)
            #expect(Self.integer("\(value)", as: Int64.self) == .success(value))
            #expect(Self.integer("\(value).0", as: Int64.self) == .success(value))
            #expect(
                Self.integer("\(value)", as: Int16.self) == Int16("\(value)").map(Result.success)
                    ?? .failure(.outOfRange))
        }
    }
}
