import Testing

@testable import Configuration

@Suite struct QuotaMistakeTests {
    @Test(arguments: cases) func isReported(_ wrong: WrongText) { wrong.check() }

    /// One quota of a limit that is used; it begins at 6:19.
    private static func quota(_ text: String, more: String = "") -> GatewayText {
        GatewayText(
            more: "consumers: { anonymous: { limits: [trial] } }\nlimits: { trial: [{ \(text) }] }\n\(more)")
    }

    /// A model with that cost, and a limit that counts it; the text of the cost begins at 3:38.
    private static func cost(_ text: String) -> GatewayText {
        var file = GatewayText(
            more: "consumers: { anonymous: { limits: [trial] } }\nlimits: { trial: [{ count: cost, max: 9/s }] }")
        file.models = "models: { echo: { plugin: echo, cost: \(text) } }"
        return file
    }

    static let cases: [WrongText] = [
        WrongText(
            "months without a calendar", quota("count: requests, max: 9/month"),
            [#"6:43+7 error: max: "9/month" is not a rate | months are for window: calendar"#]),
        WrongText(
            "minutes by the calendar", quota("count: requests, max: 9/min, window: calendar"),
            [
                #"6:43+5 error: max: "9/min" is not for a calendar window | write 9/day or 9/month; shorter windows are rolling"#
            ]),
        WrongText(
            "no number by the calendar", quota("count: requests, max: many, window: calendar"),
            [
                #"6:43+4 error: max: "many" is not for a calendar window | write a number from 1 to 1000000000000 and a period, e.g. 10000/day"#
            ]),
        WrongText(
            "a burst by the calendar", quota("count: requests, max: 9/day, window: calendar, burst: 2"),
            ["6:68+5 error: a calendar window has no burst | all of max can be used at once"]),
        WrongText(
            "a zone without a calendar", quota("count: requests, max: 9/day, zone: UTC"),
            ["6:50+4 error: a rolling window has no zone | write window: calendar"]),
        WrongText(
            "a zone that there is not", quota("count: requests, max: 9/day, window: calendar, zone: Europe/Berln"),
            [
                #"6:74+12 error: zone: there is no time zone "Europe/Berln" | did you mean "Europe/Berlin"?"#
            ]),
        WrongText(
            "a zone that is an offset", quota("count: requests, max: 9/day, window: calendar, zone: GMT+1"),
            [
                #"6:74+5 error: zone: there is no time zone "GMT+1" | write its name in the tz database, e.g. Europe/Berlin, or UTC"#
            ]),
        WrongText(
            "an unknown window", quota("count: requests, max: 9/day, window: sliding"),
            [#"6:58+7 error: window can't be "sliding" | known words: rolling, calendar"#]),
        WrongText(
            "an unknown mode", quota("count: requests, max: 9/day, mode: shadwo"),
            [#"6:56+6 error: mode can't be "shadwo" | did you mean "shadow"?"#]),
        WrongText(
            "concurrent requests over time", quota("count: concurrent, max: 9/s"),
            ["6:45+3 error: max: a count of concurrent requests has no period | write 9"]),
        WrongText(
            "concurrent requests by words", quota("count: concurrent, max: few"),
            [#"6:45+3 error: max must be a whole number, not "few" | write e.g. 8"#]),
        WrongText(
            "concurrent requests with all that is for others",
            quota(
                "count: concurrent, max: 9, burst: 2, window: calendar, zone: UTC, store: disk",
                more: "stores: { disk: { kind: sqlite, path: ./tls/q.db } }"),
            [
                "6:48+5 error: a count of concurrent requests has no burst | remove it",
                "6:58+6 error: a count of concurrent requests has no window | remove it",
                "6:76+4 error: a count of concurrent requests has no zone | remove it",
                "6:87+5 error: a count of concurrent requests can't be in a store | each gateway counts its own; remove it",
            ]),
        WrongText(
            "a store that there is not",
            quota(
                "count: requests, max: 9/s, store: disc", more: "stores: { disk: { kind: sqlite, path: ./tls/q.db } }"),
            [#"6:55+4 error: unknown store "disc" | did you mean "disk"?"#]),
        WrongText(
            "a limit of all that there is not", GatewayText(more: "global_limits: all"),
            [#"5:16+3 error: unknown limit "all""#]),
        WrongText(
            "a limit named twice",
            GatewayText(more: "global_limits: [a, a]\nlimits: { a: [{ count: requests, max: 1/s }] }"),
            [#"5:20+1 error: limit "a" is named twice"#]),
        WrongText(
            "a group that there is not",
            GatewayText(
                more:
                    "consumers: { anonymous: { groups: lab } }\ngroups: { labs: { limits: [a] } }\nlimits: { a: [{ count: requests, max: 1/s }] }"
            ),
            [#"5:35+3 error: unknown group "lab" | did you mean "labs"?"#]),
        WrongText(
            "a group without anybody and without anything",
            GatewayText(more: "groups: { lab: {} }"),
            [
                #"5:11+3 error: group "lab" says nothing | write limits, allow or deny"#,
                #"5:11+3 error: no consumer is in group "lab" | use it or remove it"#,
            ]),
        WrongText(
            "a group named twice",
            GatewayText(
                more:
                    "consumers: { anonymous: { groups: [lab, lab] } }\ngroups: { lab: { limits: [a] } }\nlimits: { a: [{ count: requests, max: 1/s }] }"
            ),
            [#"5:41+3 error: group "lab" is named twice"#]),
        WrongText(
            "a cost that nothing counts",
            {
                var file = GatewayText()
                file.models = "models: { echo: { plugin: echo, cost: rows } }"
                return file
            }(),
            [#"3:39+1 error: no limit counts what model "echo" costs | write a limit with count: cost, or remove it"#]),
        WrongText(
            "an unknown fact", cost("1 + element"),
            [#"3:43+7 error: cost: unknown fact "element" | did you mean "elements"?"#]),
        WrongText(
            "an unknown fact in quotes", cost("\"2 * byte_in\""),
            [#"3:44+7 error: cost: unknown fact "byte_in" | did you mean "bytes_in"?"#]),
        WrongText(
            "a bracket that is never closed", cost("\"(1 + rows\""),
            ["3:40+1 error: cost: this bracket is never closed | write a ) where it ends"]),
        WrongText(
            "a bracket too many", cost("\"1 + rows)\""),
            [#"3:48+1 error: cost: ")" is one too many | it closes nothing"#]),
        WrongText(
            "an operator that is missing", cost("2 rows"),
            [#"3:41+4 error: cost: "rows" is one too many | an operator is missing before it"#]),
        WrongText(
            "a number that is missing", cost("2 +"),
            [
                #"3:41+1 error: cost: the cost ends where a number or a fact is missing | write e.g. "1 + elements / 1000""#
            ]),
        WrongText(
            "a division by nothing", cost("rows / 0"),
            ["3:46+1 error: cost: nothing can be divided by 0"]),
        WrongText(
            "too few values", cost("\"max(rows)\""),
            ["3:40+3 error: cost: max takes 2 values, not 1"]),
        WrongText(
            "a function without brackets", cost("ceil rows"),
            ["3:39+4 error: cost: ceil has no brackets | write e.g. ceil(…)"]),
        WrongText(
            "a character that means nothing", cost("rows ^ 2"),
            [
                #"3:44+1 error: cost: "^" means nothing in a cost | there are + - * / ( ) min max ceil floor, numbers and facts"#
            ]),
        WrongText(
            "no number", cost("1.2.3"),
            [
                #"3:39+5 error: cost: "1.2.3" is no number | numbers are digits with at most one dot between them, up to 1000000000000"#
            ]),
        WrongText(
            "a cost of nothing", cost("3 - 5"),
            [
                #"3:39+5 error: cost: "3 - 5" costs nothing, whatever the request | leave cost out, or write e.g. "1 + elements / 1000""#
            ]),
    ]
}
