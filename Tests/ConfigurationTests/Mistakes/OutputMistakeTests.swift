import Configuration
import Testing

@Suite struct OutputMistakeTests {
    @Test(arguments: cases) func isReported(_ wrong: WrongText) { wrong.check() }

    private static func output(_ text: String) -> GatewayText {
        GatewayText(models: "models: { a: { plugin: echo, outputs: { p: \(text) } } }")
    }

    static let cases: [WrongText] = [
        WrongText(
            "nothing of an output", output("{}"),
            [#"3:41+1 error: output "p" says nothing | write e.g. labels: ./labels.txt"#]),
        WrongText(
            "a file that isn't there", output("{ labels: ./none.txt }"),
            [#"3:54+10 error: the labels "/etc/sluice/none.txt" can't be read, or are more than 1 MiB"#]),
        WrongText(
            "a file that is too large", output("{ labels: ./huge.txt }"),
            [#"3:54+10 error: the labels "/etc/sluice/huge.txt" can't be read, or are more than 1 MiB"#]),
        WrongText(
            "a line without a label", output("{ labels: ./gap.txt }"),
            [#"3:54+9 error: the file of labels "/etc/sluice/gap.txt" has no label on line 2"#]),
        WrongText(
            "a file of another encoding", output("{ labels: ./latin.txt }"),
            [#"3:54+11 error: the file of labels "/etc/sluice/latin.txt" is no text in UTF-8"#]),
        WrongText(
            "too many labels", output("{ labels: ./long.txt }"),
            [#"3:54+10 error: the file of labels "/etc/sluice/long.txt" has 65537 lines; at most 65536 are read"#]),
        WrongText(
            "a label that is too long", output("{ labels: ./wide.txt }"),
            [#"3:54+10 error: the file of labels "/etc/sluice/wide.txt" has more than 1024 bytes on line 1"#]),
        WrongText(
            "an unknown key", output("{ label: ./species.txt }"),
            [#"3:46+5 error: unknown key "label" in output "p" | did you mean "labels"?"#]),
    ]

    @Test func labelsAreReadInTheirOrder() throws {
        let text = Self.output("{ labels: ./species.txt }").text
        let outcome = ConfigurationLoader().load(text, context: .test)
        #expect(outcome.diagnostics.isEmpty)
        let output = try #require(outcome.configuration?.models.first?.outputs.first)
        #expect(output.name == "p")
        #expect(output.labels?.texts == ["setosa", "versicolor", "virginica"])
        #expect(output.labels?.location == .init(line: 3, column: 54))
    }

    @Test func ofStepsAMappingNamesWhatIsAnswered() throws {
        let text = GatewayText(
            models:
                "models: { a: { plugin: echo }, b: { steps: [a], outputs: { p: { labels: ./species.txt }, q: {} } } }")
        let model = try #require(ConfigurationLoader().load(text.text, context: .test).configuration?.models.last)
        #expect(model.pipeline?.outputs.map(\.text) == ["p", "q"])
        #expect(model.outputs.map(\.name) == ["p"])
    }
}
