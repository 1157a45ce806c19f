@testable import Telemetry
import Foundation
import Testing

@Suite struct JSONTextTests {
    private static func json(_ text: String, limit: Int = .max) -> String {
        var bytes: [UInt8] = []
        JSONText.append(text, to: &bytes, limit: limit)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test(arguments: [
        ("", "\"\""),
        ("plain", "\"plain\""),
        ("a\"b\\c/d", "\"a\\\"b\\\\c/d\""),
        ("a\r\n\tb", "\"a\\r\\n\\tb\""),
        ("\u{0}\u{1B}[31m\u{7F}", "\"\\u0000\\u001b[31m\\u007f\""),
        ("a\u{85}b\u{9B}c", "\"a\\u0085b\\u009bc\""),
        ("a\u{2028}b\u{2029}c", "\"a\\u2028b\\u2029c\""),
        ("grüß €… 🚀\u{A0}\u{2027}\u{202A}", "\"grüß €… 🚀\u{A0}\u{2027}\u{202A}\""),
    ]) func escapesWhatCouldEndOrChangeALine(text: String, json: String) {
        #expect(Self.json(text) == json)
    }

    @Test func everyScalarSurvivesAReader() throws {
        for value in (0...0xFFFF as ClosedRange<UInt32>) {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let text = "a\(scalar)b"
            let json = Self.json(text)
            #expect(!json.utf8.contains { $0 < 0x20 || $0 == 0x7F })
            if value < 0x100 || value % 61 == 0 || (0x2000...0x2100).contains(value) {
                #expect(try JSONDecoder().decode(String.self, from: Data(json.utf8)) == text)
            }
        }
    }

    @Test(arguments: [
        ("abcdef", 3, "\"abc…\""), ("abc", 3, "\"abc\""), ("aüü", 2, "\"aü…\""), ("aüü", 3, "\"aü…\""),
        ("\n\n\n", 3, "\"\\n\\n…\""), ("abc", 0, "\"…\""),
    ]) func longTextsAreCutBetweenScalars(text: String, limit: Int, json: String) {
        #expect(Self.json(text, limit: limit) == json)
    }
}

@Suite struct TimestampTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_795_508_431_123, "2026-11-24T08:20:31.123Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_164_800_007, "2024-02-29T00:00:00.007Z"),
            (4_107_542_399_050, "2100-02-28T23:59:59.050Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
        ] as [(Int64, String)]) func writesRFC3339(milliseconds: Int64, text: String)
    {
        var timestamp = Timestamp()
        var bytes: [UInt8] = []
        timestamp.append(milliseconds: milliseconds, to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == text)
    }

    @Test func aKeptSecondIsReplacedWhenItEnds() {
        var timestamp = Timestamp()
        var bytes: [UInt8] = []
        for milliseconds in [999, 1_000, 1_001, 999] as [Int64] {
            timestamp.append(milliseconds: milliseconds, to: &bytes)
            bytes.append(UInt8(ascii: " "))
        }
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == "1970-01-01T00:00:00.999Z 1970-01-01T00:00:01.000Z 1970-01-01T00:00:01.001Z 1970-01-01T00:00:00.999Z "
        )
    }

    @Test func noMomentIsTooFar() {
        var timestamp = Timestamp()
        for milliseconds in [Int64.min, Int64.min + 1, Int64.max] {
            var bytes: [UInt8] = []
            timestamp.append(milliseconds: milliseconds, to: &bytes)
            #expect(bytes.last == UInt8(ascii: "Z"))
        }
    }
}
