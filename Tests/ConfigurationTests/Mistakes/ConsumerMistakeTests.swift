import Configuration
import Testing

@Suite struct ConsumerMistakeTests {
    @Test(arguments: cases) func isReported(_ wrong: WrongText) { wrong.check() }

    static let cases: [WrongText] = [
        WrongText(
            "certificates that nobody can show",
            GatewayText(
                auth: "auth: [api_keys, certificates]",
                more:
                    #"consumers: { a: { certificates: ["dns:a", robot], allow: { models: ["*"] } }, b: { certificates: ["cn:b", "cn:b"], allow: { models: ["*"] } } }"#
            ),
            [
                #"5:43+5 error: certificates: "robot" is not a certificate's name | write e.g. "dns:robot.example""#,
                #"5:99+6 error: consumers have certificates, but no listener asks for one | write tls: { …, client_ca: ./clients.pem } at one of them"#,
                #"5:107+6 error: certificate "cn:b" is named twice | first given in line 5"#,
            ]),
        WrongText(
            "certificates that nothing takes",
            GatewayText(
                listeners:
                    #"listeners: { public: { address: "127.0.0.1:8080", tls: { cert: tls/a.pem, key: tls/a.key, client_ca: tls/ca.pem } } }"#,
                auth: "auth: api_keys",
                more: #"consumers: { a: { certificates: ["dns:a"], allow: { models: ["*"] } } }"#),
            [
                #"5:34+7 error: consumers have certificates, but nothing takes certificates | write auth: [api_keys, certificates]"#
            ]),
        WrongText(
            "no keys and no allow", GatewayText(auth: "auth: api_keys", more: "consumers: { acme: {} }"),
            [
                #"5:14+4 error: consumer "acme" has no keys | write keys: [{ id: k1, hash: "sha256:…" }]"#,
                #"""
                5:14+4 error: consumer "acme" has no allow, so it may use nothing | write allow: { models: \#
                ["*"] }
                """#,
            ]),
        WrongText(
            "no allow",
            GatewayText(
                auth: "auth: api_keys",
                more: #"""
                    consumers: { acme: { keys: [{ id: k1, hash: \#
                    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" }] } }
                    """#),
            [
                #"""
                5:14+4 error: consumer "acme" has no allow, so it may use nothing | write allow: { models: \#
                ["*"] }
                """#
            ]),
        WrongText(
            "an empty allow",
            GatewayText(
                auth: "auth: api_keys",
                more: #"""
                    consumers: { acme: { keys: [{ id: k1, hash: \#
                    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" }], allow: {} } }
                    """#),
            [
                #"5:123+5 error: allow of consumer "acme" has no models | write e.g. models: ["*"]"#
            ]),
        WrongText(
            "keys for anonymous",
            GatewayText(
                more: #"""
                    consumers: { anonymous: { keys: [{ id: k1, hash: \#
                    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" }] } }
                    """#),
            [
                #"5:27+4 error: consumer "anonymous" can't have keys | it is for callers who show none"#
            ]),
        WrongText(
            "anonymous where every route asks",
            GatewayText(
                auth: "auth: api_keys",
                more: #"""
                    consumers:
                      anonymous: {}
                      acme: { keys: [{ id: k1, hash: \#
                    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" }], allow: { \#
                    models: echo } }
                    """#),
            [
                #"""
                6:3+9 error: consumer "anonymous" is never used: every route asks for a key | remove it, or \#
                write auth: none at a route
                """#
            ]),
        WrongText(
            "keys where no route asks",
            GatewayText(
                more: #"""
                    consumers: { acme: { keys: [{ id: k1, hash: \#
                    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" }], allow: { \#
                    models: echo } } }
                    """#),
            [
                #"""
                5:14+4 error: consumer "acme" is never used: no route asks for a key | write auth: \#
                api_keys, or remove it
                """#
            ]),
        WrongText(
            "an id and a hash twice",
            GatewayText(
                auth: "auth: api_keys",
                more: #"""
                    consumers:
                      a: { keys: [{ id: k1, hash: \#
                    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" }], allow: { \#
                    models: echo } }
                      b:
                        keys:
                          - { id: k1, hash: \#
                    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" }
                        allow: { models: echo }
                    """#),
            [
                #"9:15+2 error: another key has the id "k1" | first given in line 6"#,
                "9:25+73 error: another key has this hash | first given in line 6",
            ]),
        WrongText(
            "a key as it is",
            GatewayText(
                auth: "auth: api_keys",
                more: #"consumers: { acme: { keys: [{ id: k1, hash: "sk-1234" }], allow: { models: echo } } }"#),
            [
                #"""
                5:45+9 error: hash is not sha256: and 64 hexadecimal digits | write e.g. \#
                "sha256:9f86d0819f86d0819f86d0819f86d0819f86d0819f86d0819f86d0819f86d081"
                """#
            ]),
        WrongText(
            "a key without id and hash",
            GatewayText(auth: "auth: api_keys", more: "consumers: { acme: { keys: [{}], allow: { models: echo } } }"),
            [
                #"5:29+1 error: a key of consumer "acme" has no id | write e.g. id: k1"#,
                #"""
                5:29+1 error: a key of consumer "acme" has no hash | write e.g. hash: \#
                "sha256:9f86d0819f86d0819f86d0819f86d0819f86d0819f86d0819f86d0819f86d081"
                """#,
            ]),
        WrongText(
            "days that don't exist",
            GatewayText(
                auth: "auth: api_keys",
                more: #"""
                    consumers: { acme: { keys: [{ id: k1, hash: \#
                    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", expires: \#
                    2027-02-29 }, { id: k2, hash: \#
                    "sha256:60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752", expires: \#
                    tomorrow }], allow: { models: echo } } }
                    """#),
            [
                #"5:129+10 error: expires: "2027-02-29" is not a date | write e.g. "2027-01-01""#,
                #"5:243+8 error: expires: "tomorrow" is not a date | write e.g. "2027-01-01""#,
            ]),
        WrongText(
            "an expired key",
            GatewayText(
                auth: "auth: api_keys",
                more: #"""
                    consumers: { acme: { keys: [{ id: k1, hash: \#
                    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", expires: \#
                    2026-11-24 }], allow: { models: echo } } }
                    """#),
            [
                #"5:129+10 warning: key "k1" of consumer "acme" has expired | remove it"#
            ]),
        WrongText(
            "an unknown limit",
            GatewayText(
                auth: "auth: api_keys",
                more: #"""
                    consumers: { acme: { keys: [{ id: k1, hash: \#
                    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" }], allow: { \#
                    models: echo }, limits: [standart, standard, standard] } }
                    limits: { standard: [{ count: requests, max: 1/s }] }
                    """#),
            [
                #"5:157+8 error: unknown limit "standart" | did you mean "standard"?"#,
                #"5:177+8 error: limit "standard" is named twice"#,
            ]),
        WrongText(
            "a pattern that allows nothing",
            GatewayText(
                auth: "auth: api_keys",
                more: #"""
                    consumers: { acme: { keys: [{ id: k1, hash: \#
                    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" }], allow: { \#
                    models: ["*", "vision/*", ehco] } } }
                    """#),
            [
                #"""
                5:146+10 warning: "vision/*" allows nothing: no route has such a model | models of routes: \#
                echo
                """#,
                #"5:158+4 warning: "ehco" allows nothing: no route has such a model | did you mean "echo"?"#,
            ]),
        WrongText(
            "a pattern that can't be",
            GatewayText(
                auth: "auth: api_keys",
                more: #"""
                    consumers: { acme: { keys: [{ id: k1, hash: \#
                    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" }], allow: { \#
                    models: ["a b", /x] } } }
                    """#),
            [
                #"""
                5:141+5 error: " " can't be in the name of a model | names are made of letters, digits and \#
                . _ - / *
                """#,
                #"5:148+2 error: the name of a model can't start or end with "/" or repeat it"#,
            ]),
    ]
}
