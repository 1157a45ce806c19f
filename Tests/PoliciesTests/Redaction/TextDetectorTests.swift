import Configuration
import Policies
import Testing

@Suite struct TextDetectorTests {
    private typealias Detector = RedactionConfiguration.Detector

    private static func found(_ detector: Detector, in text: String) -> [String] {
        let bytes = Array(text.utf8)
        var steps = 0
        return TextDetectors.spans(of: detector, in: bytes.span, steps: &steps).map {
            String(decoding: bytes[$0], as: UTF8.self)
        }
    }

    @Test(
        arguments: [
            ("write to ann.lee+x@mail.example.com.", ["ann.lee+x@mail.example.com"]), ("a@b.co", ["a@b.co"]),
            ("<jörg@bücher.example>", ["jörg@bücher.example"]), ("a@b.co,c@d.org", ["a@b.co", "c@d.org"]),
            ("x@y.xn--p1ai", ["x@y.xn--p1ai"]), ("o'neil@site.travel!", ["o'neil@site.travel"]),
            ("a@b", []), ("@b.co", []), ("a@.co", []), ("a.@b.co", []), ("a @ b.co", []), ("a@b.1", []), ("a@b.c", []),
            ("img@2x.png2", []), ("user@localhost", []), ("1.5@3", []),
        ] as [(String, [String])])
    func email(text: String, found: [String]) { #expect(Self.found(.email, in: text) == found) }

    @Test(
        arguments: [
            ("4111111111111111", ["4111111111111111"]), ("card 4111 1111 1111 1111, please", ["4111 1111 1111 1111"]),
            ("5500-0000-0000-0004", ["5500-0000-0000-0004"]), ("3782 822463 10005", ["3782 822463 10005"]),
            ("6011000990139424.", ["6011000990139424"]),
            ("4111111111111112", []), ("1111111111111117", []), ("0000000000000000", []),
            ("41111111111111111111111111", []), ("x4111111111111111", []), ("4111111111111111x", []),
            ("4111  1111 1111 1111", []), ("3.4111111111111111", []), ("2024-11-26 12:00:00", []),
        ] as [(String, [String])])
    func card(text: String, found: [String]) { #expect(Self.found(.card, in: text) == found) }

    @Test(
        arguments: [
            ("DE89370400440532013000", ["DE89370400440532013000"]),
            ("pay DE89 3704 0044 0532 0130 00 now", ["DE89 3704 0044 0532 0130 00"]),
            ("GB29 NWBK 6016 1331 9268 19", ["GB29 NWBK 6016 1331 9268 19"]),
            ("fr1420041010050500013m02606", ["fr1420041010050500013m02606"]),
            ("NO9386011117947.", ["NO9386011117947"]),
            ("DE89370400440532013001", []), ("XDE89370400440532013000", []), ("DE8937040044", []),
            ("AB12 is a seat and 1234567890 no account", []),
        ] as [(String, [String])])
    func iban(text: String, found: [String]) { #expect(Self.found(.iban, in: text) == found) }

    @Test(
        arguments: [
            ("call +49 151 23456789", ["+49 151 23456789"]), ("+1 (555) 123-4567 now", ["+1 (555) 123-4567"]),
            ("0049 30 1234567", ["0049 30 1234567"]), ("555-123-4567", ["555-123-4567"]),
            ("(555) 123-4567", ["(555) 123-4567"]), ("+442071838750.", ["+442071838750"]),
            ("+1234", []), ("1234567890", []), ("2024-11-26", []), ("192.168.10.25", []), ("3.14159265358979", []),
            ("a+4915123456789", []), ("+49151234567890123456", []), ("12 34 56", []), ("00123", []),
        ] as [(String, [String])])
    func phone(text: String, found: [String]) { #expect(Self.found(.phone, in: text) == found) }

    private static let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"

    @Test(
        arguments: [
            ("Bearer \(token)", [token]), ("It was \(token).", [token]), ("x.\(token)", [token]),
            ("sk-abcdefghijklmnopqrstuvwx", ["sk-abcdefghijklmnopqrstuvwx"]),
            ("key=AKIAABCDEFGHIJKLMNOP;", ["AKIAABCDEFGHIJKLMNOP"]),
            ("slk_ops_abcdefghijklmnopqrstuvwxyz", ["slk_ops_abcdefghijklmnopqrstuvwxyz"]),
            (
                "a -----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----\nb",
                ["-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----"]
            ),
            ("-----BEGIN PRIVATE KEY-----\nMII", ["-----BEGIN PRIVATE KEY-----\nMII"]),
            ("eyJ", []), ("www.example.com", []), ("sk-learn", []), ("task-abcdefghijklmnopqrstuvwxyz", []),
            ("a.b.c.d.e", []), ("-----BEGIN CERTIFICATE-----\nMII", []), ("AKIA", []),
        ] as [(String, [String])])
    func secret(text: String, found: [String]) { #expect(Self.found(.secret, in: text) == found) }

    /// Texts made to be looked at again and again: counted in steps.
    @Test(arguments: [
        "@", "a@", "a.", "a@b.", "4", "4 ", "41 11-", "DE89 ", "de89", "+", "(", "+4 ", "0049 ", "eyJa.", "-----BEGIN ",
        "sk-", "-----BEGIN PRIVATE KEY-----",
    ])
    func stepsGrowWithTheTextAndNoFaster(piece: String) {
        for detector in Detector.allCases {
            var counts: [Int] = []
            for length in [2_000, 20_000, 200_000] {
                let bytes = Array(String(repeating: piece, count: length / piece.utf8.count).utf8)
                var steps = 0
                _ = TextDetectors.spans(of: detector, in: bytes.span, steps: &steps)
                #expect(steps <= bytes.count * 70, "\(detector) of \(piece)")
                counts.append(steps)
            }
            #expect(counts[2] <= counts[1] * 11, "\(detector) of \(piece): \(counts)")
        }
    }

    @Test func masksSayWhatStoodThereAndLeaveTheRest() throws {
        var rule = RedactionConfiguration(name: "r", location: SourceLocation(line: 1, column: 1))
        rule.detectors = [.email, .phone, .iban, .card, .secret]
        rule.patterns = [.init("ticket", "TCK-[0-9]+"), .init("umlaut", "[^ -~]")]
        let redactor = try TextRedactor(rule)
        func masked(_ text: String) -> String {
            let bytes = Array(text.utf8)
            return String(decoding: TextRedactor.masked(bytes.span, redactor.findings(in: bytes.span)), as: UTF8.self)
        }
        #expect(masked("") == "" && masked("nothing here") == "nothing here")
        #expect(masked("a@b.co on TCK-12, +49 151 23456789") == "[email] on [ticket], [phone]")
        #expect(masked("4111 1111 1111 1111DE") == "4111 1111 1111 1111DE")
        // A pattern of bytes takes the whole of a character, and overlapping findings leave nothing.
        #expect(masked("grün") == "gr[umlaut]n")
        #expect(masked("jö@b.co") == "[email]")
    }
}
