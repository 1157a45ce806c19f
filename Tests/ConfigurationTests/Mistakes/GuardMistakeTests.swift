import Configuration
import Testing

@Suite struct GuardMistakeTests {
    @Test(arguments: cases) func isReported(_ wrong: WrongText) { wrong.check() }

    static let cases: [WrongText] = [
        WrongText(
            "input limits that are none",
            GatewayText(
                models:
                    "models: { a: { plugin: echo, inputs: { X: { range: [5, 1], finite: yes, max_text: 4, max_shape: [-2] }, Y: { range: [1] } } } }"
            ),
            [
                #"3:52+1 error: range is two numbers, the smaller one first | write e.g. range: [0, 1]"#,
                #"3:68+3 error: finite must be true or false, not "yes" | write true"#,
                #"3:83+1 error: max_text: "4" is not a size | write 4B, or e.g. 4KiB"#,
                #"3:98+2 error: max_shape must be from -1 to 2147483647, not -2"#,
                #"3:117+1 error: range is two numbers, the smaller one first | write e.g. range: [0, 1]"#,
            ]),
        WrongText(
            "a firewall that is none",
            GatewayText(
                listeners:
                    #"listeners: { public: { address: "127.0.0.1:8080", firewall: {} }, b: { address: "127.0.0.1:8081", firewall: { allow: [10.0.0.1/8], deny: lan } } }"#
            ),
            [
                #"2:51+8 error: firewall says nothing | write e.g. allow: [10.0.0.0/8]"#,
                #"2:119+10 error: allow: "10.0.0.1/8" is not an address or a range: it has bits behind its prefix | write 10.0.0.0/8"#,
                #"2:138+3 error: deny: "lan" is not an address or a range | write e.g. 10.0.0.0/8"#,
            ]),
        WrongText(
            "redaction that is none, that nothing names, and that isn't there",
            GatewayText(
                more: #"""
                    redaction:
                      a: {}
                      b: { find: [emial, card, card], action: hide }
                      c: { patterns: { p: "(a", q: '(x)\1', r: "a*" } }
                    routes: [{ send: echo, redact: [a, d, a] }]
                    observability: { redact: e }
                    """#),
            [
                #"6:3+1 error: redaction "a" looks for nothing | write e.g. find: [email, secret]"#,
                #"7:3+1 error: nothing names redaction "b" | use it or remove it"#,
                #"7:15+5 error: find can't be "emial" | did you mean "email"?"#,
                #"7:43+4 error: action can't be "hide" | known words: mask, reject, report"#,
                #"8:3+1 error: nothing names redaction "c" | use it or remove it"#,
                #"8:23+4 error: pattern "p": a ) is missing | at character 3 of it"#,
                #"8:32+7 error: pattern "q": there is no \ with this character | at character 5 of it"#,
                #"8:44+4 error: pattern "r": it would match nothing at all | at character 1 of it"#,
                #"9:36+1 error: unknown redaction "d" | known redactions: a, b, c"#,
                #"9:39+1 error: redaction "a" is named twice"#,
                #"10:26+1 error: unknown redaction "e" | known redactions: a, b, c"#,
            ]),
    ]

    @Test func aFirewallTakesWhomItAllowsAndNobodyWhomItDenies() throws {
        func range(_ text: String) throws -> AddressRange { try #require(AddressRange(text)) }
        func address(_ text: String) throws -> NetworkAddress { try #require(NetworkAddress(text)) }
        let firewall = Firewall(
            allowed: [try range("10.0.0.0/8"), try range("2001:db8::/32")], denied: [try range("10.1.0.0/16")])
        for text in ["10.0.0.1", "10.2.255.255", "2001:db8::7", "::ffff:10.0.0.1"] {
            #expect(firewall.admits(try address(text)), "\(text)")
        }
        for text in ["10.1.0.1", "11.0.0.1", "127.0.0.1", "2001:db9::1", "::1"] {
            #expect(!firewall.admits(try address(text)), "\(text)")
        }
        #expect(!firewall.admits(nil))
        let open = Firewall(allowed: [], denied: [try range("127.0.0.1")])
        #expect(open.admits(try address("127.0.0.2")) && open.admits(nil))
        #expect(!open.admits(try address("127.0.0.1")))
    }
}
