import Configuration
import Testing

@Suite struct ObservabilityMistakeTests {
    @Test(arguments: cases) func isReported(_ wrong: WrongText) { wrong.check() }

    static let cases: [WrongText] = [
        WrongText(
            "off", GatewayText(more: "observability: { access_log: off }"),
            [
                #"5:30+3 error: access_log can't be "off" | write none"#
            ]),
        WrongText(
            "a mistyped output", GatewayText(more: "observability: { access_log: stdot }"),
            [
                #"5:30+5 error: access_log can't be "stdot" | did you mean "stdout"?"#
            ]),
        WrongText(
            "a file without path", GatewayText(more: "observability: { access_log: requests.log }"),
            [
                #"""
                5:30+12 error: access_log can't be "requests.log" | known words: none, stdout, stderr; \#
                write ./requests.log for a file
                """#
            ]),
        WrongText(
            "a level of other loggers", GatewayText(more: "observability: { log_level: warn }"),
            [
                #"5:29+4 error: log_level can't be "warn" | known words: debug, info, warning, error"#
            ]),
        WrongText(
            "an unknown level", GatewayText(more: "observability: { log_level: verbose }"),
            [
                #"5:29+7 error: log_level can't be "verbose" | known words: debug, info, warning, error"#
            ]),
        WrongText(
            "an unknown key", GatewayText(more: "observability: { metrics: {} }"),
            [
                #"5:18+7 error: unknown key "metrics" in observability | known keys: access_log, log_level, redact"#
            ]),
    ]
}
