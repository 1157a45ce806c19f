import Configuration
import Testing

@Suite struct RouteConditionMistakeTests {
    @Test(arguments: cases) func isReported(_ wrong: WrongText) { wrong.check() }

    /// Two models, and somebody with a key; routes from line 8 on.
    private static func text(_ routes: String, auth: String = "auth: api_keys") -> GatewayText {
        GatewayText(
            models: "models: { a: { plugin: echo }, b: { plugin: echo } }", auth: auth,
            more: """
                consumers: { acme: { keys: [{ id: k, hash: "sha256:\(digits)" }], allow: { models: "*" }, groups: lab, limits: few } }
                limits: { few: [{ count: requests, max: 1/s }] }
                groups: { lab: { limits: few } }
                routes:
                \(routes)
                """)
    }

    static let cases: [WrongText] = [
        WrongText(
            "a path of nothing",
            text("  - { match: { path: /metrics }, send: a, fallback: [{ when: any, model: b }] }"),
            [
                #"9:22+8 error: no request for inference has the path "/metrics" | e.g. /v1/infer/*, /v1/chat/completions, /v2/*"#
            ]),
        WrongText(
            "a path that is none",
            text("  - { match: { path: v2/* }, send: a, fallback: [{ when: any, model: b }] }"),
            [#"9:22+4 error: path: "v2/*" is not a path | write e.g. /v2/*"#]),
        WrongText(
            "a header field with a secret",
            text("  - { match: { headers: { Cookie: x } }, send: a, fallback: [{ when: any, model: b }] }"),
            [
                #"9:27+6 error: "Cookie" can't be a header field that routes look at | write e.g. x-tenant; fields that hold secrets can't be matched"#
            ]),
        WrongText(
            "the header field with keys",
            text(
                "  - { match: { headers: { x-key: x } }, send: a, fallback: [{ when: any, model: b }] }",
                auth: "auth: { api_keys: { header: x-key } }"),
            [
                #"9:16+7 error: the header field "x-key" carries keys, which routes don't look at | match consumers instead"#
            ]),
        WrongText(
            "a header field without a text",
            text("  - { match: { headers: { x-a: {} } }, send: a, fallback: [{ when: any, model: b }] }"),
            [#"9:32+1 error: x-a must be a text, not a mapping | write e.g. beta"#]),
        WrongText(
            "callers where nobody is asked",
            text(
                "  - { match: { consumers: acme }, auth: none, send: a }\n  - { name: b, match: { groups: lab }, send: b }"
            ),
            [
                #"9:16+9 error: the route matches callers, but asks nobody who they are | write auth: api_keys at the route"#
            ]),
        WrongText(
            "callers that nobody knows",
            text(
                "  - { match: { consumers: [acne, acme, acme], groups: [lap] }, send: a, fallback: [{ when: any, model: b }] }"
            ),
            [
                #"9:28+4 error: unknown consumer "acne" | did you mean "acme"?"#,
                #"9:40+4 error: consumer "acme" is named twice"#,
                #"9:56+3 error: unknown group "lap" | did you mean "lab"?"#,
            ]),
        WrongText(
            "claims where no tokens are taken",
            text("  - { match: { claims: { tier: gold } }, send: a, fallback: [{ when: any, model: b }] }"),
            [#"9:16+6 error: the route matches claims, but takes no tokens | write auth: jwt at the route"#]),
        WrongText(
            "an input that can't be",
            text(
                "  - { match: { inputs: { X: { datatype: FP31, min_elements: 9, max_elements: 3, shape: [-2] } } }, send: a, fallback: [{ when: any, model: b }] }"
            ),
            [
                #"9:41+4 error: datatype can't be "FP31" | did you mean "FP32"?"#,
                #"9:61+1 error: min_elements is 9, but max_elements is 3 | no input can be both"#,
                #"9:89+2 error: shape must be from -1 to 2147483647, not -2"#,
            ]),
        WrongText(
            "a route whose conditions an earlier one covers",
            text(
                """
                  - { name: wide, match: { headers: { x-a: "b*" } }, send: a }
                  - { name: narrow, match: { model: m, headers: { X-A: [bc, bd], x-e: f } }, send: b }
                """),
            [
                #"10:37+1 error: route "narrow" can't be reached: route "wide" in line 9 takes all its requests | put it before that route, or match less there"#
            ]),
        WrongText(
            "a route whose callers and inputs an earlier one covers",
            text(
                """
                  - { name: wide, match: { groups: lab, inputs: { X: { shape: [-1, 4], max_elements: 10 } } }, send: a }
                  - { name: narrow, match: { groups: lab, inputs: { X: { shape: [2, 4], max_elements: 8 } } }, send: b }
                """),
            [
                #"10:13+6 error: route "narrow" can't be reached: route "wide" in line 9 takes all its requests | put it before that route, or match less there"#
            ]),
        WrongText(
            "a canary beside a split, and one that is the model itself",
            text(
                """
                  - { match: { model: x }, send: { split: [{ model: a, weight: 1 }], canary: { model: b, share: 1% } } }
                  - { send: { model: a, canary: { model: a, share: 200% } } }
                """),
            [
                #"9:70+6 error: a canary stands beside one model, not beside a split | write send: { model: a, canary: { model: b, share: 10% } }"#,
                #"10:42+1 error: the canary is the model itself | name another model"#,
                #"10:52+4 error: share: "200%" is not a share | write e.g. 10%"#,
            ]),
        WrongText(
            "a schedule that goes back",
            text(
                """
                  - send: { model: a, canary: { model: b, share: 1%, schedule: [{ at: "2027-01-02", share: 2% }, { at: "2027-01-01", share: 3% }, { at: x, share: 1.005% }] } }
                """),
            [
                #"9:104+12 error: this step of the schedule isn't after the one before it | steps stand in the order of their moments"#,
                #"9:137+1 error: at: "x" is not a date | write e.g. "2027-01-01T08:00:00Z""#,
                #"9:147+6 error: share: "1.005%" is not a share | write e.g. 10%"#,
            ]),
        WrongText(
            "a shadow that answers, or that isn't there",
            text(
                """
                  - { match: { model: x }, send: a, shadow: { model: a, share: 0.001%, concurrency: 0 } }
                  - { match: { model: y }, send: b, shadow: { model: c, memory: 64, timeout: 5 } }
                  - { match: { model: z }, send: b, shadow: b }
                """),
            [
                #"9:54+1 error: the route sends to model "a" itself, so it can't be the shadow | name another model"#,
                #"9:64+6 error: share: "0.001%" is not a share | write e.g. 10%"#,
                #"9:85+1 error: concurrency must be from 1 to 1024, not 0"#,
                #"10:54+1 error: unknown model "c" | known models: a, b"#,
                #"10:65+2 error: memory: "64" is not a size | write 64B, or e.g. 64MiB"#,
                #"10:78+1 error: timeout: "5" is not a duration | write 5s"#,
                #"11:45+1 error: shadow must be a mapping, not "b" | known keys: model, share, concurrency, memory, timeout"#,
            ]),
        WrongText(
            "stickiness without a choice, and of callers that nobody knows",
            text(
                """
                  - { match: { model: x }, send: { model: a, sticky: consumer } }
                  - { match: { model: y }, auth: none, send: { model: a, canary: { model: b, share: 1% }, sticky: consumer } }
                  - { match: { model: z }, send: { model: a, canary: { model: b, share: 1% }, sticky: caller } }
                  - { match: { model: w }, send: { model: a, canary: { model: b, share: 1% }, sticky: { header: cookie } } }
                """),
            [
                #"9:46+6 error: sticky has nothing to choose from: send names one model | leave it out, or write a split or a canary"#,
                #"10:99+8 error: sticky: consumer needs to know who calls, but the route asks nobody | write auth: api_keys at the route, or sticky: { header: x-session }"#,
                #"11:87+6 error: sticky can't be "caller" | write consumer, or { header: x-session }"#,
                #"12:97+6 error: header: "cookie" is not the name of a header field | write e.g. x-tenant"#,
            ]),
    ]

    @Test(
        arguments: [
            ("0%", 0), ("1%", 100), ("0.01%", 1), ("12.5%", 1_250), ("99.99%", 9_999), ("100%", 10_000),
            ("100.01%", nil), ("10", nil), ("%", nil), (".5%", nil), ("5.%", nil), ("-1%", nil), ("1.005%", nil),
            ("1 %", nil), ("１%", nil), ("", nil),
        ] as [(String, Int?)])
    func sharesAreReadExactly(text: String, share: Int?) {
        #expect(ShareText.parse(text) == share)
        if let share { #expect(ShareText.text(share) == text) }
    }
}
