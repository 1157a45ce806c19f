import Testing

@testable import Codecs

/// Numbers in their usual form are read by a shorter way; it must lead to the same values as the long one.
@Suite struct PlainNumberTests {
    /// What is read at the start of a text that goes on for long enough, and how many bytes it took.
    private func read(_ text: String) -> (number: PlainNumber, length: Int)? {
        let bytes = Array((text + String(repeating: " ", count: 64)).utf8)
        return bytes.withUnsafeBufferPointer { bytes in
            guard var position = bytes.baseAddress else { return nil }
            let start = position
            guard let number = PlainNumber(&position, end: start + bytes.count) else { return nil }
            return (number, position - start)
        }
    }

    @Test(arguments: [
        ("0,", 0.0), ("-0,", -0.0), ("7]", 7), ("-1234567 ", -1_234_567), ("0.5,", 0.5), ("-0.634913,", -0.634913),
        ("3.14159265,", 3.14159265), ("1.23456789012345,", 1.23456789012345), ("12.00000001\n", 12.00000001),
        ("0.00000000000001,", 0.00000000000001),
    ])
    func usualFormIsRead(text: String, value: Double) throws {
        let (number, length) = try #require(read(text))
        #expect(number.double.bitPattern == value.bitPattern)
        #expect(length == text.utf8.count - 1)
        #expect(number.float.map { $0.bitPattern == Float(String(text.dropLast()))?.bitPattern } ?? true)
    }

    @Test(arguments: [
        "", "-", "-,", ".5,", "5.,", "00,", "01,", "-01.5,", "1e5,", "1.5e5,", "1E5,", "1.2.3,", "1:", "1/2,", "+1,",
        "12345678,",
        "1.234567890123456,", "123.1234567890123,", "0x1,", "1\u{e9},", "\u{e9},", "1_0,", "--1,", "1-,", "NaN,",
    ])
    func allElseIsLeftToTheLongWay(text: String) {
        #expect(read(text) == nil)
    }

    @Test func endOfTheTextIsNeverPassed() {
        let bytes = Array("1.5,2.5".utf8)
        bytes.withUnsafeBufferPointer { bytes in
            guard let start = bytes.baseAddress else { return }
            for count in 0...bytes.count {
                var position = start
                #expect(PlainNumber(&position, end: start + count) == nil)
                #expect(position == start)
            }
        }
    }

    @Test func randomTextsMeanWhatTheyMeanToTheLongWay() throws {
        var random = SeededGenerator(seed: 11)
        var plain = 0
        for _ in 0..<200_000 {
            var text = random.next() % 3 == 0 ? "-" : ""
            for _ in 0...(random.next() % 9) { text += String(random.next() % 10) }
            if random.next() % 4 > 0 {
                text += "."
                for _ in 0..<(random.next() % 12) { text += String(random.next() % 10) }
            }
            if random.next() % 16 == 0 { text += "e\(random.next() % 5)" }
            guard let (number, length) = read(text + ",") else { continue }
            plain += 1
            #expect(length == text.utf8.count, "\(text)")
            #expect(DecimalNumberTests.double(text)?.bitPattern == number.double.bitPattern, "\(text)")
            if let float = number.float {
                #expect(DecimalNumberTests.float(text)?.bitPattern == float.bitPattern, "\(text)")
            }
        }
        // Nearly half of them are such numbers; else nothing was tested.
        #expect(plain > 60_000)
    }
}
