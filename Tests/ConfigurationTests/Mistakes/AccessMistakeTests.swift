import Configuration
import Testing

@Suite struct AccessMistakeTests {
    @Test(arguments: cases) func isReported(_ wrong: WrongText) { wrong.check() }

    /// Two models; a consumer with a key, whose rules begin in line 10, and whatever else is to be tried.
    private static func text(
        _ rules: String, more: String = "", serves: String = "[inference]", admin: Bool = true
    ) -> String {
        """
        version: 1
        listeners:
          public: { address: "0.0.0.0:8080", serves: \(serves) }
          ops: { address: "127.0.0.1:9090", serves: [admin, metrics] }
        models: { iris: { plugin: echo }, vision: { plugin: echo } }
        auth: api_keys
        \(admin ? "admin: { keys: [{ id: ops, hash: \"sha256:\(String(repeating: "ab", count: 32))\" }] }" : "drain: 1s")
        consumers:
          acme: { keys: [{ id: k1, hash: "sha256:\(digits)" }],
            \(rules) }
        \(more)
        """
    }

    static let cases: [WrongText] = [
        WrongText(
            "nothing wrong",
            text(
                """
                allow: [{ models: [iris], operations: [infer, metadata], listeners: public, from: [10.0.0.0/8, "::1"],
                  during: { days: [mon-fri, sun], hours: ["08:00-12:00", "22:00-06:00"], zone: Europe/Berlin } },
                  { models: [vision], operations: learn }], deny: { models: iris, from: 10.9.0.0/16 }, groups: [g]
                """,
                more: """
                    groups: { g: { allow: { models: "*", operations: [admin, load] }, deny: { models: vision, operations: infer } } }
                    deny: [{ operations: learn, listeners: ops, from: 10.0.0.0/8 }]
                    """), []),
        WrongText(
            "a rule without models", text("allow: [{ operations: infer }]"),
            [#"10:13+1 error: a rule of allow of consumer "acme" has no models | write e.g. models: ["*"]"#]),
        WrongText(
            "no rules at all", text("allow: []"),
            [
                #"10:12+1 error: allow of consumer "acme" is an empty list | leave it out, or name at least one"#
            ]),
        WrongText(
            "a word", text("allow: all"),
            [
                #"10:12+3 error: allow of consumer "acme" must be a mapping, not "all" | known keys: models, operations, listeners, from, during, claims"#
            ]),
        WrongText(
            "a mistyped key", text("allow: { models: iris, operation: infer }"),
            [#"10:28+9 error: unknown key "operation" in allow of consumer "acme" | did you mean "operations"?"#]),
        WrongText(
            "an unknown operation", text("allow: { models: iris, operations: [infer, teach] }"),
            [
                #"10:48+5 error: operations can't be "teach" | known words: infer, metadata, learn, load, admin"#
            ]),
        WrongText(
            "a denial of nothing in particular", text("allow: { models: iris }, deny: {}"),
            [
                #"10:30+4 error: deny of consumer "acme" says nothing, and so would deny everything | write { models: ["*"] } if that is meant"#
            ]),
        WrongText(
            "an unknown listener", text("allow: { models: iris, listeners: [pubic] }"),
            [#"10:40+5 error: unknown listener "pubic" | did you mean "public"?"#]),
        WrongText(
            "a listener where that never comes", text("allow: { models: iris, listeners: [ops] }"),
            [
                #"10:40+3 error: listener "ops" serves admin, metrics, so this rule never holds there: it is about infer, metadata"#
            ]),
        WrongText(
            "addresses that are none", text("allow: { models: iris, from: [10.0.0.1/8, office] }"),
            [
                #"10:35+10 error: from: "10.0.0.1/8" is not an address or a range: it has bits behind its prefix | write 10.0.0.0/8"#,
                #"10:47+6 error: from: "office" is not an address or a range | write e.g. 10.0.0.0/8"#,
            ]),
        WrongText(
            "hours that are none",
            text(
                #"allow: { models: iris, during: { days: [monday, mon-mon], hours: [8-18, "09:00-09:00", "24:00-08:00"] } }"#
            ),
            [
                #"10:45+6 error: days: "monday" is not a day, or days, of the week | write e.g. mon-fri"#,
                #"10:53+7 error: days: "mon-mon" is not a day, or days, of the week | write e.g. mon-fri"#,
                #"10:71+4 error: hours: "8-18" is not hours of the day | write e.g. "08:00-18:00", up to "24:00""#,
                #"10:77+13 error: hours: "09:00-09:00" is not hours of the day: it ends when it begins | write e.g. "08:00-18:00", up to "24:00""#,
                #"10:92+13 error: hours: "24:00-08:00" is not hours of the day | write e.g. "08:00-18:00", up to "24:00""#,
            ]),
        WrongText(
            "hours of nowhere, and of no time",
            text("allow: [{ models: iris, during: { zone: Europe/Berln, days: mon } }, { models: iris, during: {} }]"),
            [
                #"10:45+12 error: zone: there is no time zone "Europe/Berln" | did you mean "Europe/Berlin"?"#,
                #"10:90+6 error: during says nothing | write e.g. { days: mon-fri, hours: "08:00-18:00" }"#,
            ]),
        WrongText(
            "claims where there are no tokens", text("allow: { models: iris, claims: { role: trainer } }"),
            [
                #"10:28+6 error: claims never hold: no issuer's tokens are those of consumer "acme" | remove them, or name an issuer's consumer"#
            ]),
        WrongText(
            "claims that are none", text("allow: [{ models: iris, claims: role }, { models: iris, claims: {} }]"),
            [
                #"10:29+6 error: claims never hold: no issuer's tokens are those of consumer "acme" | remove them, or name an issuer's consumer"#,
                #"10:37+4 error: claims must be a mapping, not "role" | write e.g. { role: trainer }"#,
                #"10:61+6 error: claims never hold: no issuer's tokens are those of consumer "acme" | remove them, or name an issuer's consumer"#,
                #"10:69+1 error: claims is empty | leave it out, or name at least one"#,
            ]),
        WrongText(
            "models that there are not",
            text(
                "allow: [{ models: irsi }, { models: [other], operations: load }, { models: iris }], deny: { models: vison }"
            ),
            [
                #"10:23+4 warning: "irsi" allows nothing: no route has such a model | did you mean "iris"?"#,
                #"10:42+5 warning: "other" allows nothing: there is no such model | known models: iris, vision"#,
                #"10:105+5 error: "vison" denies nothing: no route has such a model | did you mean "vision"?"#,
            ]),
        WrongText(
            "what nobody can ask for",
            text("allow: { models: iris, operations: [infer, learn] }").replacing(
                "[admin, metrics]", with: "[repository]"),
            [
                #"10:48+5 error: learn is never asked for: no listener serves admin | write serves: [admin] at one of them"#
            ]),
        WrongText(
            "rights that everybody here has anyway", text("allow: { models: iris, operations: [learn] }", admin: false),
            [
                #"10:41+5 error: without admin.keys whoever is on this machine may learn, and this rule changes nothing | write admin: { keys: [{ id: ops, hash: "sha256:…" }] }"#
            ]),
        WrongText(
            "administration of one model", text("allow: { models: iris, operations: [infer, admin] }"),
            [
                #"10:48+5 error: admin is about no model, so this rule says nothing of it | write a rule with models: ["*"] for it"#
            ]),
        WrongText(
            "administrators without a name",
            text(
                "allow: { models: iris }",
                more: """
                      anonymous: { allow: { models: iris, operations: learn } }
                    routes: [{ match: { model: iris }, send: iris }, { match: { model: vision }, send: vision, auth: { none: i-accept-open-access } }]
                    """),
            [
                #"11:51+5 error: consumer "anonymous" can't be allowed to learn | whoever changes the gateway proves who they are"#
            ]),
        WrongText(
            "what is denied by another line",
            text(
                "allow: { models: [iris, vision] }, groups: g",
                more: "groups: { g: { deny: { models: \"vis*\" } } }\ndeny: [{ models: iris, operations: infer }]"),
            [#"10:29+6 error: "vision" is never allowed: line 11 denies it | remove one of them"#]),
        WrongText(
            "a group that says nothing", text("groups: [g], allow: { models: iris }", more: "groups: { g: {} }"),
            [#"11:11+1 error: group "g" says nothing | write limits, allow or deny"#]),
        WrongText(
            "a group that allows nothing", text("groups: [g]", more: "groups: { g: { deny: { models: iris } } }"),
            [
                #"9:3+4 error: consumer "acme" has no allow, so it may use nothing | write allow: { models: ["*"] }"#
            ]),
        WrongText(
            "an unknown group",
            text(
                "groups: [h], allow: { models: iris }",
                more: "groups: { g2: { deny: { models: iris, from: 10.0.0.0/8 } } }"),
            [
                #"10:14+1 error: unknown group "h" | known groups: g2"#,
                #"11:11+2 error: no consumer is in group "g2" | use it or remove it"#,
            ]),
        WrongText(
            "addresses that reach nothing here",
            text("allow: { models: iris, from: [10.0.0.0/8] }").replacing("0.0.0.0:", with: "127.0.0.1:"),
            [
                #"10:35+10 warning: nobody comes from 10.0.0.0/8: every listener can be reached from this machine alone"#
            ]),
        WrongText(
            "a denial for everybody that is for nobody",
            text("allow: { models: iris }", more: "deny: [{ models: iris, claims: { a: b } }, { modls: iris }]"),
            [
                #"11:24+6 error: claims never hold: no issuer's tokens are those of anybody | remove them, or name an issuer's consumer"#,
                #"11:46+5 error: unknown key "modls" in a rule of deny | did you mean "models"?"#,
            ]),
    ]
}
