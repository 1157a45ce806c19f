import Configuration
@testable import Policies
import Testing

@Suite struct TextWindowTests {
    private static func rule(
        _ action: RedactionConfiguration.Action = .mask, patterns: [(String, String)] = []
    ) throws -> TextRedactor {
        var rule = RedactionConfiguration(name: "r", location: SourceLocation(line: 1, column: 1))
        rule.detectors = [.email, .card, .iban, .phone, .secret]
        rule.patterns = patterns.map { .init($0.0, $0.1) }
        rule.action = action
        return try TextRedactor(rule)
    }

    private static let token =
        "eyJ" + String(repeating: "hbGciOiJIUzI1NiJ9", count: 40) + ".eyJzdWIiOiJhIn0.c2lnbmF0dXJl"
    private static let texts = [
        "write to ann.lee+x@mail.example.com.", "card 4111 1111 1111 1111, please", "call +49 151 23456789",
        "pay DE89 3704 0044 0532 0130 00 now", "the token is \(token) and no other", "jörg@bücher.example — ä ö ü €",
        "nothing to find here, and much of it: \(String(repeating: "word ", count: 200))",
        "-----BEGIN RSA PRIVATE KEY-----\n\(String(repeating: "MIIEowIBAAKCAQEA0\n", count: 60))-----END RSA PRIVATE KEY-----\nafter",
        "", "a@b.co,c@d.org, e@f.net and 5500-0000-0000-0004",
    ]

    private static func whole(_ text: String, _ redactor: TextRedactor) -> (text: [UInt8], kinds: [String]) {
        let bytes = Array(text.utf8)
        let findings = redactor.findings(in: bytes.span)
        return (TextRedactor.masked(bytes.span, findings), findings.map(\.kind))
    }

    /// However a text is cut, what comes out is what the rule makes of the whole.
    @Test(arguments: 0..<200 as Range<UInt64>) func cutsDoNotMatter(seed: UInt64) throws {
        var random = CutNumbers(state: seed)
        let redactor = try Self.rule()
        let count = Int.random(in: 1...4, using: &random)
        let text = (0..<count).map { _ in Self.texts.randomElement(using: &random) ?? "" }.joined(separator: " ")
        let bytes = Array(text.utf8)
        let longest = [1, 3, 20, 500].randomElement(using: &random) ?? 1
        var window = TextWindow(redactor)
        var (out, kinds, place) = ([UInt8](), [String](), 0)
        while place < bytes.count {
            let end = min(bytes.count, place + Int.random(in: 1...longest, using: &random))
            let ready = window.take(Array(bytes[place..<end]), isFinal: false) { kinds.append($0.kind) }
            #expect(String(validating: ready, as: UTF8.self) != nil || longest < 4, "a character was cut")
            out += ready
            place = end
        }
        out += window.take([], isFinal: true) { kinds.append($0.kind) }
        let expected = Self.whole(text, redactor)
        #expect(String(decoding: out, as: UTF8.self) == String(decoding: expected.text, as: UTF8.self))
        #expect(kinds == expected.kinds)
    }

    @Test func mostOfALongTextGoesOnAtOnce() throws {
        var window = TextWindow(try Self.rule())
        var given = 0
        for number in 1...100 {
            given += window.take(Array("twelve bytes ".utf8), isFinal: false) { _ in }.count
            #expect(number * 13 - given <= TextWindow.held + 16, "\(number)")
        }
    }

    @Test func aReportLeavesTheTextAsItIs() throws {
        var window = TextWindow(try Self.rule(.report))
        var kinds: [String] = []
        var out = window.take(Array("ann@exam".utf8), isFinal: false) { kinds.append($0.kind) }
        out += window.take(Array("ple.com".utf8), isFinal: true) { kinds.append($0.kind) }
        #expect(String(decoding: out, as: UTF8.self) == "ann@example.com")
        #expect(kinds == ["email"])
    }

    /// One word without an end: memory stays bounded, and nothing is lost.
    @Test func endlessWordsAreBounded() throws {
        var window = TextWindow(try Self.rule())
        var count = 0
        for _ in 0..<1_000 {
            count += window.take(Array(repeating: UInt8(ascii: "%"), count: 100), isFinal: false) { _ in }.count
        }
        #expect(count >= 100_000 - TextWindow.longest - 200)
        count += window.take([], isFinal: true) { _ in }.count
        #expect(count == 100_000)
    }
}

/// Numbers that are the same in every run.
private struct CutNumbers: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
