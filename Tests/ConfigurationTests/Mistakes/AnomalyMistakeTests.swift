import Configuration
import Testing

@Suite struct AnomalyMistakeTests {
    @Test(arguments: cases) func isReported(_ wrong: WrongText) { wrong.check() }

    private static func text(_ anomalies: String) -> GatewayText { GatewayText(more: "anomalies: \(anomalies)") }

    static let cases: [WrongText] = [
        WrongText("nothing wrong", text("{}"), []),
        WrongText(
            "all of it", text("{ signals: [rejects, payload_size], window: 30s, factor: 8, least: 100 }"), []),
        WrongText("one signal", text("{ signals: auth_failures }"), []),
        WrongText(
            "a word", text("all"),
            [#"5:12+3 error: anomalies must be a mapping, not "all" | known keys: signals, window, factor, least"#]),
        WrongText(
            "a mistyped signal", text("{ signals: [reject] }"),
            [#"5:24+6 error: signals can't be "reject" | did you mean "rejects"?"#]),
        WrongText(
            "a signal twice", text("{ signals: [rejects, rejects] }"), ["5:33+7 error: signals names rejects twice"]),
        WrongText(
            "no signal", text("{ signals: [] }"),
            ["5:23+1 error: signals is an empty list | leave it out, or name at least one"]),
        WrongText(
            "a window without its unit", text("{ window: 60 }"),
            [#"5:22+2 error: window: "60" is not a duration | write 60s"#]),
        WrongText(
            "a window of a day", text("{ window: 24h }"), ["5:22+3 error: window must be from 1s to 1h, not 24h"]),
        WrongText("as much as usual", text("{ factor: 1 }"), ["5:22+1 error: factor must be from 2 to 1000, not 1"]),
        WrongText("none at all", text("{ least: 0 }"), ["5:21+1 error: least must be from 1 to 1000000, not 0"]),
        WrongText(
            "a mistyped key", text("{ minimum: 3 }"),
            [#"5:14+7 error: unknown key "minimum" in anomalies | known keys: signals, window, factor, least"#]),
    ]
}
