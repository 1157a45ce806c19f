import Configuration
import Testing

@Suite struct LimitMistakeTests {
    @Test(arguments: cases) func isReported(_ wrong: WrongText) { wrong.check() }

    static let cases: [WrongText] = [
        WrongText(
            "a limit that nobody uses", GatewayText(more: "limits: { trial: [{ count: requests, max: 1/s }] }"),
            [
                #"5:11+5 error: nothing uses limit "trial" | use it or remove it"#
            ]),
        WrongText(
            "no list",
            GatewayText(
                more: #"""
                    consumers: { anonymous: { limits: [trial] } }
                    limits: { trial: { count: requests, max: 1/s } }
                    """#),
            [
                #"6:18+1 error: limit "trial" must be a list, not a mapping"#
            ]),
        WrongText(
            "an empty list",
            GatewayText(
                more: """
                    consumers: { anonymous: { limits: [trial] } }
                    limits: { trial: [] }
                    """),
            [
                #"6:18+1 error: limit "trial" is an empty list | leave it out, or name at least one"#
            ]),
        WrongText(
            "a quota without anything",
            GatewayText(
                more: """
                    consumers: { anonymous: { limits: [trial] } }
                    limits: { trial: [{}] }
                    """),
            [
                #"6:19+1 error: a quota of limit "trial" has no count | write e.g. count: requests"#,
                #"6:19+1 error: a quota of limit "trial" has no max | write e.g. max: 100/min"#,
            ]),
        WrongText(
            "an unknown count",
            GatewayText(
                more: #"""
                    consumers: { anonymous: { limits: [trial] } }
                    limits: { trial: [{ count: request, max: 1/s }] }
                    """#),
            [
                #"6:28+7 error: count can't be "request" | did you mean "requests"?"#
            ]),
        WrongText(
            "a count that there is not",
            GatewayText(
                more: #"""
                    consumers: { anonymous: { limits: [trial] } }
                    limits: { trial: [{ count: bytes, max: 1/s }] }
                    """#),
            [
                #"""
                6:28+5 error: count can't be "bytes" | known words: requests, rows, elements, characters, pixels, audio_seconds, bytes_in, bytes_out, tokens, \#
                plugin_ms, cost, concurrent
                """#
            ]),
        WrongText(
            "a rate without period",
            GatewayText(
                more: #"""
                    consumers: { anonymous: { limits: [trial] } }
                    limits: { trial: [{ count: requests, max: 100 }] }
                    """#),
            [
                #"6:43+3 error: max: "100" is not a rate | write 100/s or 100/min"#
            ]),
        WrongText(
            "rates with other periods",
            GatewayText(
                more: #"""
                    consumers: { anonymous: { limits: [trial] } }
                    limits: { trial: [{ count: requests, max: 100/m }, { count: requests, max: 1/week }, { \#
                    count: requests, max: 5/h }] }
                    """#),
            [
                #"6:43+5 error: max: "100/m" is not a rate | write 100/min"#,
                #"6:76+6 error: max: "1/week" is not a rate | periods are s, min, hour and day"#,
                #"6:110+3 error: max: "5/h" is not a rate | write 5/hour"#,
            ]),
        WrongText(
            "rates without number",
            GatewayText(
                more: #"""
                    consumers: { anonymous: { limits: [trial] } }
                    limits: { trial: [{ count: requests, max: many }, { count: requests, max: 0/s }, { count: \#
                    requests, max: 99999999999999999999/s }] }
                    """#),
            [
                #"""
                6:43+4 error: max: "many" is not a rate | write a number from 1 to 1000000000000 and a \#
                period, e.g. 100/min
                """#,
                #"""
                6:75+3 error: max: "0/s" is not a rate | write a number from 1 to 1000000000000 and a \#
                period, e.g. 100/min
                """#,
                #"""
                6:106+22 error: max: "99999999999999999999/s" is not a rate | write a number from 1 to \#
                1000000000000 and a period, e.g. 100/min
                """#,
            ]),
        WrongText(
            "a burst of nothing",
            GatewayText(
                more: #"""
                    consumers: { anonymous: { limits: [trial] } }
                    limits: { trial: [{ count: requests, max: 1/s, burst: 0 }] }
                    """#),
            [
                "6:55+1 error: burst must be from 1 to 1000000000000, not 0"
            ]),
    ]
}
