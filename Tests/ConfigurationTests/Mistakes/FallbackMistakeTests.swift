import Configuration
import Testing

/// What can be wrong with what a route does when a model fails. Columns count from the start of the sixth line.
@Suite struct FallbackMistakeTests {
    @Test(arguments: retries + hedges + rungs + chains) func isReported(_ wrong: WrongText) { wrong.check() }

    private static func wrong(_ what: String, _ route: String, _ findings: [String]) -> WrongText {
        WrongText(
            what,
            GatewayText(models: "models: { a: { plugin: echo } }", more: "routes:\n  - { send: a, \(route) }"),
            findings)
    }

    /// A chain of one rung, whose columns count from 25 on.
    private static func rung(
        _ what: String, _ rung: String, model: String = "{ plugin: echo }", spare: Bool = false, _ findings: [String]
    ) -> WrongText {
        WrongText(
            what,
            GatewayText(
                models: "models: { a: \(model)\(spare ? ", b: { plugin: echo }" : "") }",
                more: "routes:\n  - { send: a, fallback: [\(rung)] }"), findings)
    }

    static let rungs: [WrongText] = [
        rung(
            "two things at once", "{ when: any, model: b, stale: 1h }", model: "{ plugin: echo, cache: {} }",
            spare: true,
            ["6:27+1 error: a fallback has both model and stale | make two fallbacks of it"]),
        rung(
            "an old answer of nobody", "{ when: any, stale: 1h }",
            [#"6:40+5 error: no model before this fallback has a cache | write e.g. cache: {} at model "a""#]),
        rung(
            "an old answer that is still good", "{ when: any, stale: 5min }",
            model: "{ plugin: echo, cache: { age: 5min } }",
            [
                #"""
                6:40+5 error: stale is 5min, but the cache of model "a" gives answers of that age anyway | write more \#
                than its age, 5min
                """#
            ]),
        rung(
            "an age without unit", "{ when: any, stale: 60 }",
            [
                #"6:47+2 error: stale: "60" is not a duration | write 60s"#
            ]),
        rung(
            "an old answer for an unsure one", "{ low_confidence: { output: p, below: 1 }, stale: 1h }",
            model: "{ plugin: echo, cache: {} }",
            ["6:29+14 error: an old answer can't stand in for an unsure one | remove low_confidence, or name a model"]),
        rung(
            "a quota that nothing has", "{ when: [quota, any], model: b }", spare: true,
            [#"6:36+5 error: no model before this fallback has limits | remove quota, or give "a" limits"#]),
        rung(
            "a breaker that nothing has", "{ when: breaker_open, model: b }", spare: true,
            [
                #"6:35+12 error: no model before this fallback has a breaker | remove breaker_open, or give "a" a breaker"#
            ]),
        rung(
            "scores without a bound", "{ low_confidence: { output: p }, model: b }", spare: true,
            ["6:29+14 error: low_confidence has no below | write e.g. below: 0.6"]),
        rung(
            "a bound that is none", "{ low_confidence: { output: p, below: 60% }, model: b }", spare: true,
            [#"6:65+3 error: below must be a number, not "60%" | write e.g. 0.6"#]),
        rung(
            "an answer without outputs", "{ when: any, answer: {} }",
            [
                """
                6:48+1 error: answer has no outputs | write e.g. { label: { datatype: BYTES, shape: [1], data: [unknown] } }
                """
            ]),
        rung(
            "an output without anything", "{ when: any, answer: { y: {} } }",
            [
                #"6:50+1 error: output "y" has no datatype | write e.g. datatype: BOOL"#,
                #"6:50+1 error: output "y" has no shape | write e.g. shape: [1, 3]"#,
                #"6:50+1 error: output "y" has no data | write e.g. data: [0.5]"#,
            ]),
        rung(
            "a data type by another name", "{ when: any, answer: { y: { datatype: INT65, shape: [1], data: [1] } } }",
            [#"6:65+5 error: datatype can't be "INT65" | did you mean "INT64"?"#]),
        rung(
            "too few elements", "{ when: any, answer: { y: { datatype: FP32, shape: [1, 3], data: [1, 2] } } }",
            [#"6:86+4 error: output "y" has 2 elements, but its shape has 3"#]),
        rung(
            "numbers that don't fit",
            "{ when: any, answer: { y: { datatype: INT8, shape: [3], data: [300, -128, 1.5] } } }",
            [
                "6:90+3 error: an element of INT8 must be a whole number from -128 to 127",
                "6:101+3 error: an element of INT8 must be a whole number from -128 to 127",
            ]),
        rung(
            "text and truth",
            "{ when: any, answer: { y: { datatype: BYTES, shape: [1], data: [7] }, z: { datatype: BOOL, shape: [1], data: [1] } } }",
            [
                "6:91+1 error: an element of BYTES must be text; write it in quotes",
                "6:137+1 error: an element of BOOL must be true or false",
            ]),
        rung(
            "a free dimension", "{ when: any, answer: { y: { datatype: FP32, shape: [-1], data: [1] } } }",
            ["6:79+2 error: shape must be from 1 to 1000000, not -1"]),
    ]

    /// Chains in which a rung is never reached, or only too late.
    static let chains: [WrongText] = [
        rung(
            "a rung behind one that takes everything",
            "{ when: any, answer: { y: { datatype: FP32, shape: [1], data: [0] } } }, { when: timeout, model: b }",
            spare: true,
            [
                """
                6:124+1 error: nothing leads to this fallback: those before it take all that it is for | put it before \
                them, let it be for more, or remove it
                """
            ]),
        rung(
            "a lower bound behind a higher one",
            """
            { low_confidence: { output: p, below: 0.6 }, answer: { p: { datatype: FP32, shape: [1], data: [0] } } }, \
            { low_confidence: { output: p, below: 0.5 }, model: b }
            """, spare: true,
            [
                """
                6:184+1 error: nothing leads to this fallback: those before it take all that it is for | put it before \
                them, let it be for more, or remove it
                """
            ]),
        rung(
            "timeouts that come too late", "{ when: timeout, model: b }", spare: true,
            [
                #"""
                6:51+1 warning: only timeouts lead to this fallback, and no model before it has a timeout below the \#
                route's deadline of 30s | write e.g. timeout: 1s at model "a"
                """#
            ]),
        rung(
            "timeouts that come in time", "{ when: timeout, model: b }", model: "{ plugin: echo, timeout: 2s }",
            spare: true,
            []),
        rung(
            "an answer after the deadline",
            "{ when: timeout, answer: { y: { datatype: FP32, shape: [1], data: [0] } } }", []),
    ]

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

    /// A route with `hedge`, to a model whose own keys are `model`.
    private static func hedge(
        _ what: String, _ hedge: String, model: String = "{ plugin: echo }", _ findings: [String]
    ) -> WrongText {
        WrongText(
            what,
            GatewayText(models: "models: { a: \(model) }", more: "routes:\n  - { send: a, hedge: \(hedge) }"), findings)
    }

    static let hedges: [WrongText] = [
        hedge(
            "just a percentile", "p95",
            [#"6:23+3 error: hedge must be a mapping, not "p95" | known keys: after, budget"#]),
        hedge("no time", "{}", ["6:16+5 error: hedge has no after | write e.g. after: p95"]),
        hedge(
            "an unknown key", "{ after: p95, budgt: 5% }",
            [#"6:37+5 error: unknown key "budgt" in hedge | did you mean "budget"?"#]),
        hedge(
            "a percentile of too many", "{ after: p100 }",
            [#"6:32+4 error: after: "p100" is not a percentile from p50 to p99 | write e.g. p95"#]),
        hedge(
            "a percentile of too few", "{ after: p5 }",
            [#"6:32+2 error: after: "p5" is not a percentile from p50 to p99 | write e.g. p95"#]),
        hedge(
            "a percentile that is none", "{ after: p95% }",
            [#"6:32+4 error: after: "p95%" is not a percentile from p50 to p99 | write e.g. p95"#]),
        hedge(
            "a time without unit", "{ after: 20 }", [#"6:32+2 error: after: "20" is not a duration | write 20s"#]),
        hedge(
            "a budget above all", "{ after: p95, budget: 101% }",
            ["6:45+4 error: budget must be from 1% to 100%, not 101%"]),
        hedge(
            "a time past the model's", "{ after: 2s }", model: "{ plugin: echo, timeout: 2s }",
            [
                #"""
                6:32+2 error: a second try after 2s never comes: the first one of model "a" is given up after 2s | \#
                write less than that
                """#
            ]),
        hedge(
            "a time past the route's", "{ after: 30s }",
            [
                #"""
                6:32+3 error: a second try after 30s never comes: the first one of model "a" is given up after 30s | \#
                write less than that
                """#
            ]),
        hedge(
            "a model that joins equal requests", "{ after: p95 }", model: "{ plugin: echo, cache: {} }",
            [
                #"""
                6:32+3 error: a second try of model "a" would only wait for the first: its cache joins equal requests \#
                | remove hedge, or the model's cache
                """#
            ]),
        hedge(
            "a model that answers in order", "{ after: p95 }", model: "{ plugin: echo, ordered: true }",
            [
                #"""
                6:32+3 error: a second try of model "a" would only wait for the first: its answers go out in order \#
                | remove hedge, or the model's ordered
                """#
            ]),
        hedge("a time within", "{ after: 20ms, budget: 1% }", model: "{ plugin: echo, timeout: 2s }", []),
    ]
}
