import Configuration
import Testing

@Suite struct DocumentMistakeTests {
    @Test(arguments: cases) func isReported(_ wrong: WrongText) { wrong.check() }

    static let cases: [WrongText] = [
        WrongText(
            "an empty file", "",
            [
                #"""
                1:1+1 error: the file is empty | the smallest gateway.yaml is:
                version: 1
                listeners:
                  public: { address: "127.0.0.1:8080" }
                models:
                  echo: { plugin: echo }
                auth: none
                """#
            ]),
        WrongText(
            "only a comment",
            """
            # nothing yet

            """,
            [
                #"""
                1:1+1 error: the file is empty | the smallest gateway.yaml is:
                version: 1
                listeners:
                  public: { address: "127.0.0.1:8080" }
                models:
                  echo: { plugin: echo }
                auth: none
                """#
            ]),
        WrongText(
            "null",
            """
            ~

            """,
            [
                #"""
                1:1+1 error: the file is empty | the smallest gateway.yaml is:
                version: 1
                listeners:
                  public: { address: "127.0.0.1:8080" }
                models:
                  echo: { plugin: echo }
                auth: none
                """#
            ]),
        WrongText(
            "a list",
            """
            - a
            - b

            """,
            [
                #"""
                1:1+1 error: the file must be a mapping, not a list | known keys: version, listeners, \#
                plugins, models, auth, issuers, ban, consumers, limits, routes, observability, drain, max_inflight, admin, reload, shared_memory, \#
                global_limits, stores, groups, redaction, deny, audit, anomalies, encryption
                """#
            ]),
        WrongText(
            "text",
            """
            gateway

            """,
            [
                #"""
                1:1+7 error: the file must be a mapping, not "gateway" | known keys: version, listeners, \#
                plugins, models, auth, issuers, ban, consumers, limits, routes, observability, drain, max_inflight, admin, reload, shared_memory, \#
                global_limits, stores, groups, redaction, deny, audit, anomalies, encryption
                """#
            ]),
        WrongText(
            "two documents",
            """
            version: 1
            ---
            version: 1

            """,
            [
                "2:1+1 error: a second document starts here; gateway.yaml is one | remove this line"
            ]),
        WrongText(
            "a tab as indentation",
            """
            version: 1
            models:
            \techo: {}
              \tiris: {}

            """,
            [
                "3:1+1 error: a tab can't indent in YAML | use spaces",
                "4:3+1 error: a tab can't indent in YAML | use spaces",
            ]),
        WrongText(
            "an invisible character",
            """
            version: 1
            auth: no\u{202E}ne

            """,
            [
                "2:9+1 error: invisible character U+202E | remove it"
            ]),
        WrongText(
            "a private-use escape",
            """
            version: 1
            auth: "\\U0010F000"

            """,
            [
                "2:8+10 error: private-use characters are not allowed"
            ]),
        WrongText(
            "a line separator",
            """
            version: 1\u{2028}auth: none

            """,
            [
                "1:11+1 error: invisible character U+2028 | remove it"
            ]),
        WrongText(
            "an open brace",
            """
            version: 1
            models: { a: { plugin: echo }
            auth: none

            """,
            [
                #"3:1+1 error: expected "," or "}" in the mapping that starts in line 2"#
            ]),
        WrongText(
            "an open bracket",
            """
            routes: [ a, b
            version: 1

            """,
            [
                #"2:8+1 error: expected "," or "]" in the list that starts in line 1"#
            ]),
        WrongText(
            "two colons",
            """
            version: 1
            models: a: b

            """,
            [
                #"""
                2:10+1 error: ":" can't stand here | check the indentation, or write text with ": " in \#
                quotes
                """#
            ]),
        WrongText(
            "an open quote",
            """
            version: 1
            auth: "none

            """,
            [
                "2:7+1 error: the quoted text has no end | close the quote"
            ]),
        WrongText(
            "a key out of line",
            """
            version: 1
            models:
              a: 1
             b: 2

            """,
            [
                "4:2+1 error: expected a key of the mapping that starts in line 1 | check the indentation"
            ]),
        WrongText(
            "text that starts with @",
            """
            auth: @none

            """,
            [
                #"1:7+1 error: text can't start with "@" | write it in quotes"#
            ]),
        WrongText(
            "a key without a colon",
            """
            version: 1
            auth
            models: {}

            """,
            [
                #"3:1+1 error: expected ":" after the key that starts in line 2"#
            ]),
        WrongText(
            "an unknown escape",
            """
            auth: "a\\qb"

            """,
            [
                #"""
                1:9+1 error: no such escape in quoted text | write \\ for a backslash, or use single quotes
                """#
            ]),
        WrongText(
            "a key among list items",
            """
            routes:
              - a
              b: 1

            """,
            [
                #"3:3+1 error: expected "- " as in the list that starts in line 2 | check the indentation"#
            ]),
        WrongText(
            "a list in the line of its key",
            """
            routes: - a

            """,
            [
                #"1:9+1 error: "- " can't stand here | start the list in a line of its own"#
            ]),
        WrongText(
            "too deep",
            """
            a: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]

            """,
            [
                "1:35+1 error: the file nests deeper than 32 levels"
            ]),
        WrongText(
            "far too deep", String(repeating: "[", count: 5_000),
            [
                "1:1+1 error: the file nests deeper than 32 levels"
            ]),
        WrongText(
            "a billion laughs",
            #"""
            a: &a [x,x,x,x,x,x,x,x,x,x]
            b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]
            c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]
            d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]
            e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]
            f: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]
            ? [*f]
            : 1

            """#,
            [
                "6:29+1 error: the file holds more than 1000000 values"
            ]),
        WrongText(
            "an alias that nests itself",
            """
            a: &a [*a]

            """,
            [
                #"""
                1:1+1 error: unknown key "a" in the file | known keys: version, listeners, plugins, models, \#
                auth, issuers, ban, consumers, limits, routes, observability, drain, and 12 more
                """#,
                "1:1+1 error: the file has no version | write e.g. version: 1",
                "1:1+1 error: the file has no listeners | write e.g. listeners: { NAME: { … } }",
                "1:1+1 error: the file has no models | write e.g. models: { NAME: { … } }",
                "1:1+1 error: the file has no auth | write e.g. auth: none",
                #"1:8+2 error: no anchor "&a" before this | write "*a" in quotes if it is text"#,
            ]),
        WrongText(
            "an unknown alias", GatewayText(models: "models: { echo: &m { plugin: echo }, b: *n }"),
            [
                #"3:41+2 error: no anchor "&n" before this | known anchors: m"#
            ]),
        WrongText(
            "a star without quotes",
            GatewayText(
                auth: "auth: api_keys",
                more: #"""
                    consumers: { acme: { keys: [{ id: k, hash: \#
                    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" }], allow: { \#
                    models: [*] } } }
                    """#),
            [
                #"5:140+1 error: "*" at the start makes an alias of text | write "*" in quotes"#
            ]),
        WrongText(
            "a pattern that starts with a star",
            GatewayText(more: "routes: [{ match: { content_type: */* }, send: echo }]"),
            [
                #"5:35+3 error: "*" at the start makes an alias of text | write "*/*" in quotes"#
            ]),
        WrongText(
            "an alias as a key", GatewayText(models: "models: { echo: &m { plugin: echo }, *m : 1 }"),
            [
                #"3:38+2 error: an alias can't be a key | write "*m" in quotes if it is text"#
            ]),
        WrongText(
            "a merge key", GatewayText(models: "models: { echo: &m { plugin: echo }, b: { <<: *m } }"),
            [
                #"3:38+1 error: model "b" has no plugin | write e.g. plugin: onnxruntime, or steps: […]"#,
                "3:43+2 error: merge keys are not supported | repeat the keys, or use an alias as a value",
            ]),
        WrongText(
            "a tag", GatewayText(auth: "auth: !!str none"),
            [
                #"4:7+5 error: tags such as "!!str" are not supported | remove the tag"#
            ]),
        WrongText(
            "a list as a key", GatewayText(more: "[a]: 1"),
            [
                "5:1+1 error: a key must be text"
            ]),
        WrongText(
            "a key that is a truth value",
            GatewayText(
                more: """
                    on: 1
                    true: 2
                    """),
            [
                #"5:1+2 error: "on" as a key is a truth value to YAML | write "on" in quotes"#,
                #"6:1+4 error: "true" as a key is a truth value to YAML | write "true" in quotes"#,
            ]),
        WrongText(
            "a value without a key", GatewayText(more: ": 1"),
            [
                "5:1+1 error: expected a key of the mapping that starts in line 1 | check the indentation"
            ]),
        WrongText(
            "keys given twice",
            GatewayText(
                version: """
                    version: 1
                    version: 1
                    """, listeners: #"listeners: { a: { address: "127.0.0.1:1", address: "127.0.0.1:2" } }"#,
                models: #"models: { echo: { plugin: echo, config: { a: 1, b: 2, a: 3, "b": 4, 'a': 5 } } }"#),
            [
                #"2:1+7 error: duplicate key "version" | first given in line 1"#,
                #"3:43+7 error: duplicate key "address" | first given in line 3"#,
                #"4:55+1 error: duplicate key "a" | first given in line 4"#,
                #"4:61+3 error: duplicate key "b" | first given in line 4"#,
                #"4:69+3 error: duplicate key "a" | first given in line 4"#,
            ]),
        WrongText(
            "a key given twice that nothing can stand in for",
            """
            ? [a]
            : 1
            ? [a]
            : 2

            """,
            [
                "1:3+1 error: this key is given again in the same mapping"
            ]),
        WrongText(
            "more keys given twice than are looked for",
            #"""
            k0: 1
            k1: 1
            k2: 1
            k3: 1
            k4: 1
            k5: 1
            k6: 1
            k7: 1
            k8: 1
            k9: 1
            k10: 1
            k11: 1
            k12: 1
            k13: 1
            k14: 1
            k15: 1
            k16: 1
            k17: 1
            k18: 1
            k19: 1
            k0: 1
            k1: 1
            k2: 1
            k3: 1
            k4: 1
            k5: 1
            k6: 1
            k7: 1
            k8: 1
            k9: 1
            k10: 1
            k11: 1
            k12: 1
            k13: 1
            k14: 1
            k15: 1
            k16: 1
            k17: 1
            k18: 1
            k19: 1

            """#,
            [
                "7:1+1 error: this key is given again in the same mapping"
            ]),
        WrongText(
            "zero-width space",
            """
            version: 1
            auth: no\u{200B}ne

            """,
            [
                "2:9+1 error: invisible character U+200B | remove it"
            ]),
    ]
}
