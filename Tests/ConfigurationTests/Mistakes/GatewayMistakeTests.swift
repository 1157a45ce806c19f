import Configuration
import Testing

@Suite struct GatewayMistakeTests {
    @Test(arguments: cases) func isReported(_ wrong: WrongText) { wrong.check() }

    static let cases: [WrongText] = [
        WrongText(
            "nothing that is needed",
            """
            drain: 25s

            """,
            [
                "1:1+1 error: the file has no version | write e.g. version: 1",
                "1:1+1 error: the file has no listeners | write e.g. listeners: { NAME: { … } }",
                "1:1+1 error: the file has no models | write e.g. models: { NAME: { … } }",
                "1:1+1 error: the file has no auth | write e.g. auth: none",
            ]),
        WrongText(
            "a version to come", GatewayText(version: "version: 2"),
            [
                "1:10+1 error: version 2 is not known to this gateway | write version: 1"
            ]),
        WrongText(
            "a version in words", GatewayText(version: "version: one"),
            [
                #"1:10+3 error: version must be a whole number, not "one" | write e.g. 1"#
            ]),
        WrongText(
            "unknown keys",
            GatewayText(
                more: """
                    model: {}
                    storys: {}
                    Listeners: {}
                    """),
            [
                #"5:1+5 error: unknown key "model" in the file | did you mean "models"?"#,
                #"""
                6:1+6 error: unknown key "storys" in the file | did you mean "stores"?
                """#,
                #"7:1+9 error: unknown key "Listeners" in the file | did you mean "listeners"?"#,
            ]),
        WrongText(
            "empty sections", GatewayText(listeners: "listeners: {}", models: "models: {}"),
            [
                "2:1+9 error: listeners is empty | at least one is needed",
                "3:1+6 error: models is empty | at least one is needed",
            ]),
        WrongText(
            "sections without a value", GatewayText(listeners: "listeners:", models: "models:"),
            [
                "2:11+1 error: listeners must be a mapping from names, not nothing",
                "3:8+1 error: models must be a mapping from names, not nothing",
            ]),
        WrongText(
            "sections of the wrong kind",
            GatewayText(
                listeners: "listeners: [a]", models: "models: echo",
                more: """
                    routes: {}
                    observability: stdout
                    """),
            [
                "2:12+1 error: listeners must be a mapping from names, not a list",
                #"3:9+4 error: models must be a mapping from names, not "echo""#,
                "5:9+1 error: routes must be a list, not a mapping",
                #"""
                6:16+6 error: observability must be a mapping, not "stdout" | known keys: access_log, \#
                log_level, redact
                """#,
            ]),
        WrongText(
            "a drain without unit", GatewayText(more: "drain: 25"),
            [
                #"5:8+2 error: drain: "25" is not a duration | write 25s"#
            ]),
        WrongText(
            "too long a drain", GatewayText(more: "drain: 2h"),
            [
                "5:8+2 error: drain must be from 0s to 1h, not 2h"
            ]),
        WrongText(
            "too little in flight", GatewayText(more: "max_inflight: 1KiB"),
            [
                "5:15+4 error: max_inflight must be from 1MiB to 1024GiB, not 1KiB"
            ]),
    ]
}
