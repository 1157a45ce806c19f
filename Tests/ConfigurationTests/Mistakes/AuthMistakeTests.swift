import Configuration
import Testing

@Suite struct AuthMistakeTests {
    @Test(arguments: cases) func isReported(_ wrong: WrongText) { wrong.check() }

    static let cases: [WrongText] = [
        WrongText(
            "none off loopback",
            GatewayText(
                listeners: #"listeners: { public: { address: "127.0.0.1:8080" }, web: { address: "0.0.0.0:80" } }"#),
            [
                #"""
                4:7+4 error: auth: none lets everybody in who can reach listener "web" on 0.0.0.0, which is \#
                not a loopback address | write { none: i-accept-open-access } if that is meant, else \#
                api_keys
                """#
            ]),
        WrongText(
            "none on a name that could be anywhere",
            GatewayText(listeners: #"listeners: { public: { address: "gateway.example.com:8080" } }"#),
            [
                #"""
                4:7+4 error: auth: none lets everybody in who can reach listener "public" on \#
                gateway.example.com, which is not a loopback address | write { none: i-accept-open-access } \#
                if that is meant, else api_keys
                """#
            ]),
        WrongText(
            "none on a name that looks like loopback",
            GatewayText(listeners: #"listeners: { public: { address: "127.0.0.1.example.com:8080" } }"#),
            [
                #"""
                4:7+4 error: auth: none lets everybody in who can reach listener "public" on \#
                127.0.0.1.example.com, which is not a loopback address | write { none: i-accept-open-access \#
                } if that is meant, else api_keys
                """#
            ]),
        WrongText(
            "none accepted in other words",
            GatewayText(
                listeners: #"listeners: { public: { address: "127.0.0.1:8080" }, web: { address: "0.0.0.0:80" } }"#,
                auth: "auth: { none: yes }"),
            [
                #"""
                4:15+3 error: none must be i-accept-open-access, not "yes" | write { none: \#
                i-accept-open-access }
                """#
            ]),
        WrongText(
            "a mistyped word", GatewayText(auth: "auth: api_key"),
            [
                #"4:7+7 error: auth must be none, api_keys, jwt or certificates, not "api_key" | did you mean "api_keys"?"#
            ]),
        WrongText(
            "off", GatewayText(auth: "auth: off"),
            [
                #"4:7+3 error: auth must be none, api_keys, jwt or certificates, not "off" | write none"#
            ]),
        WrongText(
            "both", GatewayText(auth: "auth: { none: i-accept-open-access, api_keys: {} }"),
            [
                "4:37+8 error: auth is both none and api_keys | leave one of them out"
            ]),
        WrongText(
            "neither", GatewayText(auth: "auth: {}"),
            [
                "4:7+1 error: auth says nothing | write none, api_keys, jwt or certificates"
            ]),
        WrongText(
            "a list", GatewayText(auth: "auth: [none]"),
            [
                "4:8+4 error: none can't be one of several: it asks nobody | leave it out, or write just none"
            ]),
        WrongText(
            "a list with a slip", GatewayText(auth: "auth: [api_keys, jwd]"),
            [#"4:18+3 error: auth must be none, api_keys, jwt or certificates, not "jwd" | did you mean "jwt"?"#]),
        WrongText(
            "a list with one word twice", GatewayText(auth: "auth: [jwt, jwt]"),
            ["4:13+3 error: auth names jwt twice"]),
        WrongText(
            "an empty list", GatewayText(auth: "auth: []"),
            ["4:7+1 error: auth is an empty list | write none, or name at least one way"]),
        WrongText(
            "settings in a list", GatewayText(auth: "auth: [{ api_keys: {} }]"),
            ["4:8+1 error: auth lists a mapping | a list has words only; settings need a mapping"]),
        WrongText(
            "none and tokens", GatewayText(auth: "auth: { none: i-accept-open-access, jwt: true }"),
            ["4:37+3 error: auth is both none and jwt | leave one of them out"]),
        WrongText(
            "nothing but a no", GatewayText(auth: "auth: { jwt: false }"),
            ["4:7+1 error: auth says nothing | write none, api_keys, jwt or certificates"]),
        WrongText(
            "yes", GatewayText(auth: "auth: { jwt: yes }"),
            [#"4:14+3 error: jwt must be true or false, not "yes" | write true"#]),
        WrongText(
            "a kind that there is not", GatewayText(auth: "auth: { kerberos: {} }"),
            [
                "4:7+1 error: auth says nothing | write none, api_keys, jwt or certificates",
                #"4:9+8 error: unknown key "kerberos" in auth | known keys: none, api_keys, jwt, certificates"#,
            ]),
        WrongText(
            "a header that can't be",
            GatewayText(
                auth: #"auth: { api_keys: { header: "x api key" } }"#,
                more: #"""
                    consumers: { acme: { keys: [{ id: k1, hash: \#
                    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" }], allow: { \#
                    models: echo } } }
                    """#),
            [
                #"4:29+11 error: header: "x api key" is not the name of a header | write e.g. x-api-key"#
            ]),
        WrongText(
            "no consumer with a key", GatewayText(auth: "auth: api_keys"),
            [
                #"""
                4:7+8 warning: no consumer has a key, so route "echo" refuses every request | add one under \#
                consumers
                """#
            ]),
    ]
}
