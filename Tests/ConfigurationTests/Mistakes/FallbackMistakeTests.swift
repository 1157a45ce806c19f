import Configuration
import Testing

/// What can be wrong with what a route does when a model fails. Columns count from the start of the sixth line.
@Suite struct FallbackMistakeTests {
    @Test(arguments: retries) func isReported(_ wrong: WrongText) { wrong.check() }

    private static func wrong(_ what: String, _ route: String, _ findings: [String]) -> WrongText {
        WrongText(
            what,
            GatewayText(models: "models: { a: { plugin: echo } }", more: "routes:\n  - { send: a, \(route) }"),
            findings)
    }

    static let retries: [WrongText] = [
        wrong(
            "a number of retries", "retry: 2",
            [
                #"""
                6:23+1 error: retry must be a mapping, not "2" | known keys: attempts, when, backoff, longest, budget, \#
                burst
                """#
            ]),
        wrong(
            "an unknown key", "retry: { atempts: 2 }",
            [#"6:25+7 error: unknown key "atempts" in retry | did you mean "attempts"?"#]),
        wrong(
            "no retry, and too many", "retry: { attempts: 1, burst: 0 }",
            ["6:35+1 error: attempts must be from 2 to 5, not 1", "6:45+1 error: burst must be from 1 to 10000, not 0"]),
        wrong(
            "after an open breaker", "retry: { when: [failed, breaker_open] }",
            [
                "6:40+12 error: retry can't be after breaker_open: the breaker would refuse it again | write a fallback for it"
            ]),
        wrong(
            "unknown conditions", "retry: { when: [faild, timeouts] }",
            [
                #"6:32+5 error: when can't be "faild" | did you mean "failed"?"#,
                #"6:39+8 error: when can't be "timeouts" | did you mean "timeout"?"#,
            ]),
        wrong("a condition twice", "retry: { when: [any, any] }", ["6:37+3 error: when names any twice"]),
        wrong(
            "waits that don't fit", "retry: { backoff: 2s, longest: 1s }",
            ["6:47+2 error: longest is 1s, but backoff is 2s | no wait can be longer than the longest"]),
        wrong(
            "a wait without unit", "retry: { backoff: 20 }",
            [#"6:34+2 error: backoff: "20" is not a duration | write 20s"#]),
        wrong(
            "a budget without sign", "retry: { budget: 10 }",
            [#"6:33+2 error: budget: "10" is not a percentage | write 10%"#]),
        wrong(
            "a budget in parts", "retry: { budget: 0.1 }",
            [#"6:33+3 error: budget: "0.1" is not a percentage | write a whole number and %, e.g. 10%"#]),
        wrong(
            "a budget above all", "retry: { budget: 200% }", ["6:33+4 error: budget must be from 1% to 100%, not 200%"]),
    ]
}
