import Configuration
import Testing

@Suite struct RouteMistakeTests {
    @Test(arguments: cases) func isReported(_ wrong: WrongText) { wrong.check() }

    static let cases: [WrongText] = [
        WrongText(
            "no send",
            GatewayText(
                models: "models: { a: { plugin: echo }, b: { plugin: echo } }",
                more: #"""
                    routes:
                      - { match: { model: a } }
                      - { send: { split: [{ model: a, weight: 1 }, { model: b, weight: 1 }] } }
                    """#),
            [
                "6:5+1 error: a route has no send | write e.g. send: iris"
            ]),
        WrongText(
            "an empty list",
            GatewayText(models: "models: { a: { plugin: echo }, b: { plugin: echo } }", more: "routes: []"),
            [
                "5:9+1 error: routes is an empty list | leave it out, or name at least one"
            ]),
        WrongText(
            "an unknown model",
            GatewayText(
                models: "models: { cls-v1: { plugin: echo }, b: { plugin: echo } }",
                more: """
                    routes:
                      - { send: { split: [{ model: c, weight: 90 }, { model: b, weight: 10 }] } }
                    """),
            [
                #"3:11+6 error: no route reaches model "cls-v1" | send something to it or remove it"#,
                #"6:32+1 error: unknown model "c" | known models: cls-v1, b"#,
            ]),
        WrongText(
            "a mistyped model",
            GatewayText(
                models: "models: { cls-v1: { plugin: echo }, b: { plugin: echo } }",
                more: #"""
                    routes:
                      - { send: { split: [{ model: cls-v3, weight: 90 }, { model: b, weight: 10 }] } }
                    """#),
            [
                #"6:32+6 error: unknown model "cls-v3" | did you mean "cls-v1"?"#
            ]),
        WrongText(
            "a model that no route reaches",
            GatewayText(
                models: "models: { a: { plugin: echo }, b: { plugin: echo } }",
                more: """
                    routes:
                      - { send: a }
                    """),
            [
                #"3:32+1 error: no route reaches model "b" | send something to it or remove it"#
            ]),
        WrongText(
            "weights that are none",
            GatewayText(
                models: "models: { a: { plugin: echo }, b: { plugin: echo } }",
                more: """
                    routes:
                      - { send: { split: [{ model: a, weight: 0 }, { model: b }] } }
                    """),
            [
                "6:43+1 error: weight must be from 1 to 1000000, not 0",
                "6:48+1 error: a share of split has no weight | write e.g. weight: 90",
            ]),
        WrongText(
            "a model twice in a split",
            GatewayText(
                models: "models: { a: { plugin: echo }, b: { plugin: echo } }",
                more: #"""
                    routes:
                      - { send: { split: [{ model: a, weight: 1 }, { model: a, weight: 2 }, { model: b, weight: \#
                    1 }] } }
                    """#),
            [
                #"6:57+1 error: split names model "a" twice"#
            ]),
        WrongText(
            "a model and a split",
            GatewayText(
                models: "models: { a: { plugin: echo }, b: { plugin: echo } }",
                more: """
                    routes:
                      - { send: { model: a, split: [{ model: b, weight: 1 }] } }
                    """),
            [
                #"3:32+1 error: no route reaches model "b" | send something to it or remove it"#,
                "6:25+5 error: send has both a model and a split | leave one of them out",
            ]),
        WrongText(
            "an empty send",
            GatewayText(
                models: "models: { a: { plugin: echo }, b: { plugin: echo } }",
                more: """
                    routes:
                      - { send: {} }
                      - { match: { model: x }, send: [a, b] }
                    """),
            [
                #"3:11+1 error: no route reaches model "a" | send something to it or remove it"#,
                #"3:32+1 error: no route reaches model "b" | send something to it or remove it"#,
                "6:13+1 error: send names no model | write e.g. send: iris",
                #"""
                7:34+1 error: send must be a model or a mapping, not a list | to share requests write { \#
                split: [{ model: a, weight: 90 }, …] }
                """#,
            ]),
        WrongText(
            "a route after one that takes everything",
            GatewayText(
                models: "models: { a: { plugin: echo }, b: { plugin: echo } }",
                more: """
                    routes:
                      - { name: all, send: a }
                      - { match: { model: b }, send: b }
                    """),
            [
                #"""
                7:23+1 error: route "b" can't be reached: route "all" in line 6 takes all its requests | \#
                put it before that route, or match less there
                """#
            ]),
        WrongText(
            "a route after a wider pattern",
            GatewayText(
                models: "models: { a: { plugin: echo }, b: { plugin: echo } }",
                more: #"""
                    routes:
                      - { match: { model: vision/* }, send: a }
                      - { match: { model: vision/*/large, content_type: image/png }, send: b }
                    """#),
            [
                #"""
                7:23+14 error: route "vision/*/large" can't be reached: route "vision/*" in line 6 takes \#
                all its requests | put it before that route, or match less there
                """#
            ]),
        WrongText(
            "a route after wider media types",
            GatewayText(
                models: "models: { a: { plugin: echo }, b: { plugin: echo } }",
                more: #"""
                    routes:
                      - { name: images, match: { content_type: [image/*, text/csv] }, send: a }
                      - { name: png, match: { content_type: [image/png, text/csv] }, send: b }
                    """#),
            [
                #"""
                7:13+3 error: route "png" can't be reached: route "images" in line 6 takes all its requests \#
                | put it before that route, or match less there
                """#
            ]),
        WrongText(
            "two routes of one name",
            GatewayText(
                models: "models: { a: { plugin: echo }, b: { plugin: echo } }",
                more: #"""
                    routes:
                      - { match: { model: a, content_type: text/csv }, send: a }
                      - { match: { model: a }, send: b }
                    """#),
            [
                #"""
                7:23+1 error: another route has the name "a" | first given in line 6; give this one a name \#
                of its own
                """#
            ]),
        WrongText(
            "a fallback to the same model",
            GatewayText(
                models: "models: { a: { plugin: echo }, b: { plugin: echo } }",
                more: """
                    routes:
                      - { send: a, fallback: [{ when: any, model: a }, { when: any, model: b }] }
                    """),
            [
                #"""
                6:47+1 error: model "a" has been tried before this fallback | name another model, or remove \#
                this fallback
                """#
            ]),
        WrongText(
            "fallbacks that repeat one",
            GatewayText(
                models: "models: { a: { plugin: echo }, b: { plugin: echo } }",
                more: #"""
                    routes:
                      - { send: a, fallback: [{ when: timeout, model: b }, { when: 5xx, model: b }] }
                    """#),
            [
                #"""
                6:76+1 error: model "b" has been tried before this fallback | name another model, or remove \#
                this fallback
                """#
            ]),
        WrongText(
            "unknown conditions",
            GatewayText(
                models: "models: { a: { plugin: echo }, b: { plugin: echo } }",
                more: """
                    routes:
                      - { send: a, fallback: [{ when: [504, timeouts, any, any], model: b }] }
                    """),
            [
                #"""
                6:36+3 error: when can't be "504" | known words: 5xx, failed, timeout, overloaded, quota, \#
                breaker_open, any
                """#,
                #"6:41+8 error: when can't be "timeouts" | did you mean "timeout"?"#,
            ]),
        WrongText(
            "a fallback without anything",
            GatewayText(
                models: "models: { a: { plugin: echo }, b: { plugin: echo } }",
                more: #"""
                    routes:
                      - { send: { split: [{ model: a, weight: 1 }, { model: b, weight: 1 }] }, fallback: [{}] }
                    """#),
            [
                "6:87+1 error: a fallback has no when | write e.g. when: [5xx]",
                "6:87+1 error: a fallback has no model | write e.g. model: baseline, or stale: 1h, or answer: { … }",
            ]),
        WrongText(
            "a deadline without unit",
            GatewayText(
                models: "models: { a: { plugin: echo }, b: { plugin: echo } }",
                more: """
                    routes:
                      - { send: a, fallback: [{ when: any, model: b }], deadline: 5 }
                    """),
            [
                #"6:63+1 error: deadline: "5" is not a duration | write 5s"#
            ]),
        WrongText(
            "media types that are none",
            GatewayText(
                models: "models: { a: { plugin: echo }, b: { plugin: echo } }",
                more: #"""
                    routes:
                      - { match: { content_type: [json, "*/json", image/] }, send: a, fallback: [{ when: any, \#
                    model: b }] }
                    """#),
            [
                #"6:31+4 error: content_type: "json" is not a media type | write e.g. application/json"#,
                #"6:37+8 error: content_type: "*/json" is not a media type | write e.g. application/json"#,
                #"6:47+6 error: content_type: "image/" is not a media type | write e.g. application/json"#,
            ]),
        WrongText(
            "a media type twice",
            GatewayText(
                models: "models: { a: { plugin: echo }, b: { plugin: echo } }",
                more: #"""
                    routes:
                      - { match: { content_type: [text/csv, TEXT/CSV] }, send: a, fallback: [{ when: any, \#
                    model: b }] }
                    """#),
            [
                #"6:41+8 error: media type "text/csv" is named twice"#
            ]),
        WrongText(
            "an open route off loopback",
            GatewayText(
                listeners: #"listeners: { public: { address: "[::]:8080" } }"#,
                models: "models: { a: { plugin: echo }, b: { plugin: echo } }",
                auth: "auth: { none: i-accept-open-access }",
                more: """
                    routes:
                      - { match: { model: a }, auth: none, send: a }
                      - { send: b }
                    """),
            [
                #"""
                6:34+4 error: the route's auth: none lets everybody in who can reach listener "public" on \#
                ::, which is not a loopback address | write { none: i-accept-open-access } if that is \#
                meant, else api_keys
                """#
            ]),
        WrongText(
            "a header of its own",
            GatewayText(
                models: "models: { a: { plugin: echo }, b: { plugin: echo } }", auth: "auth: none",
                more: #"""
                    routes:
                      - { send: a, auth: { api_keys: { header: x-key } }, fallback: [{ when: any, model: b }] }
                    """#),
            [
                #"""
                6:22+1 error: a route can't have a header or a pepper of its own | write auth: api_keys, and the \#
                settings at the top
                """#,
                #"""
                6:22+1 warning: no consumer has a key, so route "*" refuses every request | add one under \#
                consumers
                """#,
            ]),
        WrongText(
            "a wrong name",
            GatewayText(
                models: "models: { a: { plugin: echo }, b: { plugin: echo } }",
                more: """
                    routes:
                      - { name: "my route", send: a, fallback: [{ when: any, model: b }] }
                    """),
            [
                #"""
                6:13+10 error: " " can't be in the name of a route | names are made of letters, digits and \#
                . _ - / *
                """#
            ]),
        WrongText(
            "an unknown key",
            GatewayText(
                models: "models: { a: { plugin: echo }, b: { plugin: echo } }",
                more: #"""
                    routes:
                      - { send: a, fallback: [{ when: any, model: b }], tries: { attempts: 2 }, dead_line: 5s }
                    """#),
            [
                #"""
                6:53+5 error: unknown key "tries" in a route | known keys: name, match, auth, send, \#
                fallback, retry, hedge, deadline, limits, shadow, redact
                """#,
                #"6:77+9 error: unknown key "dead_line" in a route | did you mean "deadline"?"#,
            ]),
    ]
}
