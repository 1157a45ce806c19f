import Configuration
import Testing

@Suite struct BanMistakeTests {
    @Test(arguments: cases) func isReported(_ wrong: WrongText) { wrong.check() }

    private static func text(_ ban: String) -> GatewayText { GatewayText(more: "ban: \(ban)") }

    static let cases: [WrongText] = [
        WrongText("nothing wrong", text("{}"), []),
        WrongText(
            "all of it", text(#"{ failures: 5, within: 10s, for: 1h, exempt: [10.0.0.0/8, "::1", "2001:db8::/32"] }"#),
            []),
        WrongText(
            "a word", text("strict"),
            [#"5:6+6 error: ban must be a mapping, not "strict" | known keys: failures, within, for, exempt"#]),
        WrongText(
            "no failure at all", text("{ failures: 0 }"), ["5:18+1 error: failures must be from 1 to 100000, not 0"]),
        WrongText(
            "a time without its unit", text("{ within: 60 }"),
            [#"5:16+2 error: within: "60" is not a duration | write 60s"#]),
        WrongText("a ban for ever", text("{ for: 48h }"), ["5:13+3 error: for must be from 1s to 24h, not 48h"]),
        WrongText(
            "a mistyped key", text("{ failure: 3 }"),
            [#"5:8+7 error: unknown key "failure" in ban | did you mean "failures"?"#]),
        WrongText(
            "ranges that are none",
            text(#"{ exempt: [10.0.0.1/8, 10.0.0.0/33, 10.0.0.0/, localhost, "::/129", 10.0.0.0/08] }"#),
            [
                #"5:17+10 error: exempt: "10.0.0.1/8" is not an address or a range: it has bits behind its prefix | write 10.0.0.0/8"#,
                #"5:29+11 error: exempt: "10.0.0.0/33" is not an address or a range | write e.g. 10.0.0.0/8"#,
                #"5:42+9 error: exempt: "10.0.0.0/" is not an address or a range | write e.g. 10.0.0.0/8"#,
                #"5:53+9 error: exempt: "localhost" is not an address or a range | write e.g. 10.0.0.0/8"#,
                #"5:64+8 error: exempt: "::/129" is not an address or a range | write e.g. 10.0.0.0/8"#,
                #"5:74+11 error: exempt: "10.0.0.0/08" is not an address or a range | write e.g. 10.0.0.0/8"#,
            ]),
    ]
}

@Suite struct AddressRangeTests {
    @Test(arguments: [
        ("10.0.0.0/8", "10.255.1.2", true), ("10.0.0.0/8", "11.0.0.0", false), ("10.0.0.0/8", "::ffff:10.1.2.3", true),
        ("0.0.0.0/0", "192.0.2.1", true), ("0.0.0.0/0", "2001:db8::1", false), ("::/0", "192.0.2.1", true),
        ("192.0.2.7", "192.0.2.7", true), ("192.0.2.7", "192.0.2.8", false), ("192.0.2.6/31", "192.0.2.7", true),
        ("2001:db8::/32", "2001:db8:ffff::1", true), ("2001:db8::/32", "2001:db9::1", false), ("::1", "::1", true),
        ("::1/128", "::2", false), ("::ffff:10.0.0.0/104", "10.1.2.3", true),
    ]) func contains(range: String, address: String, holds: Bool) throws {
        #expect(try #require(AddressRange(range)).contains(try #require(NetworkAddress(address))) == holds)
    }

    @Test(arguments: [
        "", "x", "1.2.3", "1.2.3.256", "1.2.3.04", ":::", "1::2::3", "12345::", "1.2.3.4.5", "::1.2.3", "g::",
    ])
    func addressesThatAreNone(text: String) {
        #expect(NetworkAddress(text) == nil)
    }
}
