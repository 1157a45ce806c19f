import Testing

@testable import Codecs

@Suite("Base64")
struct Base64Tests {
    private func encoded(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        bytes.withUnsafeBytes { Base64.append($0, to: &text) }
        return String(decoding: text, as: UTF8.self)
    }

    private func decoded(_ text: String) -> [UInt8]? {
        let letters = Array(text.utf8)
        var out = [UInt8](repeating: 0xEE, count: Base64.decodedLimit(letters.count) + 1)
        let written = letters.withUnsafeBytes { source in
            out.withUnsafeMutableBufferPointer { target in
                target.baseAddress.flatMap { Base64.decode(source, into: $0) }
            }
        }
        #expect(out.last == 0xEE, "it wrote past its bound")
        return written.map { Array(out[..<$0]) }
    }

    /// RFC 4648, section 10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func vectorsOfTheStandard(plain: String, text: String) {
        #expect(encoded(Array(plain.utf8)) == text)
        #expect(decoded(text) == Array(plain.utf8))
    }

    @Test func everyByteRoundTrips() {
        let bytes = Array(UInt8.min...UInt8.max)
        for length in 0...bytes.count { #expect(decoded(encoded(Array(bytes[..<length]))) == Array(bytes[..<length])) }
    }

    @Test(arguments: ["Z", "Zg", "Zg=", "Zh==", "Zm9=", "====", "Zg==Zg==", "Zm-_", "Zm 9v", "Z===", "Zm=v"])
    func textThatNoEncoderWritesIsRefused(text: String) {
        #expect(decoded(text) == nil)
    }
}
