import Tensors
import Testing

@testable import Codecs

/// Text in other encodings, cut anywhere.
@Suite struct TextDecoderTests {
    private func decoded(_ bytes: [UInt8], _ encoding: TextEncoding, step: Int) throws -> String {
        var decoder = TextDecoder(encoding)
        var text: [UInt8] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let outcome = rest.prefix(step).withUnsafeBytes { bytes -> Result<Void, SluiceError> in
                do throws(SluiceError) {
                    return .success(try decoder.decode(bytes, into: &text))
                } catch {
                    return .failure(error)
                }
            }
            try outcome.get()
            rest = rest.dropFirst(step)
        }
        try decoder.finish()
        return String(decoding: text, as: UTF8.self)
    }

    private func units(_ units: [UInt16], isBigEndian: Bool) -> [UInt8] {
        units.flatMap { isBigEndian ? [UInt8($0 >> 8), UInt8($0 & 255)] : [UInt8($0 & 255), UInt8($0 >> 8)] }
    }

    @Test(arguments: [false, true]) func unitsAndPairsMayBeCut(isBigEndian: Bool) throws {
        let text = "a;ä€\u{1F600}\u{FEFF}\n"
        let bytes = units([0xFEFF] + Array(text.utf16), isBigEndian: isBigEndian)
        for step in 1...bytes.count {
            #expect(try decoded(bytes, .utf16(isBigEndian: isBigEndian), step: step) == text)
        }
    }

    @Test func windowsLettersAreTwoOrThreeBytes() throws {
        #expect(try decoded([0x41, 0x80, 0xE4, 0x9F, 0xFF], .windows1252, step: 2) == "A€äŸÿ")
    }

    @Test(
        arguments: [
            ([0x61, 0xD800], 2), ([0xD83D, 0x61], 0), ([0x61, 0xDE00], 2), ([0xD83D, 0xD83D, 0xDE00], 0),
        ] as [([UInt16], Int)])
    func halfAPairIsNoText(letters: [UInt16], byte: Int) {
        for step in [1, 3, 100] {
            let failure = #expect(throws: SluiceError.self) {
                try decoded(units(letters, isBigEndian: true), .utf16(isBigEndian: true), step: step)
            }
            #expect(failure?.message == "the body is no text in UTF-16: byte \(byte) can't be read")
        }
    }

    @Test func halfAUnitIsNoText() {
        let failure = #expect(throws: SluiceError.self) {
            try decoded([0x61, 0, 0x62], .utf16(isBigEndian: false), step: 2)
        }
        #expect(failure?.message == "the body is no text in UTF-16: byte 2 can't be read")
    }
}
