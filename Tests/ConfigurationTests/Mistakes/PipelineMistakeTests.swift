import Configuration
import Testing

@Suite struct PipelineMistakeTests {
    @Test(arguments: cases) func isReported(_ wrong: WrongText) { wrong.check() }

    /// Two models, and the entry that has steps.
    private static func text(_ entry: String) -> GatewayText {
        GatewayText(
            models: """
                models:
                  detect: { plugin: onnxruntime }
                  lines: { plugin: echo }
                  ocr: \(entry)
                """)
    }

    /// `a0` is made of `a1` and so on; the last one is a plugin's.
    private static func chain(_ count: Int) -> GatewayText {
        let links = (0..<count).map { "  a\($0): { steps: [a\($0 + 1)] }" }
        return GatewayText(models: (["models:"] + links + ["  a\(count): { plugin: echo }"]).joined(separator: "\n"))
    }

    static let cases: [WrongText] = [
        WrongText(
            "a step that is no model", text("{ steps: [detct, { model: nobody }] }"),
            [
                #"6:18+5 error: unknown model "detct" | did you mean "detect"?"#,
                #"6:34+6 error: unknown model "nobody" | known models: detect, lines, ocr"#,
            ]),
        WrongText(
            "steps and a plugin", text("{ plugin: echo, steps: [detect], queue: 3 }"),
            [
                """
                6:10+6 error: model "ocr" has steps, so it can't have plugin | a model is a plugin's or has steps: make two \
                models of it
                """,
                """
                6:41+5 error: model "ocr" has steps, so it can't have queue | write it at the models that its steps name
                """,
            ]),
        WrongText(
            "no steps", text("{ steps: [] }"),
            [
                #"6:17+1 error: steps is an empty list | leave it out, or name at least one"#
            ]),
        WrongText(
            "steps that are no list", text("{ steps: detect }"),
            [
                #"6:17+6 error: steps must be a list, not "detect" | write [detect]"#
            ]),
        WrongText(
            "outputs of a plugin's model", text("{ plugin: echo, outputs: [text] }"),
            [
                """
                6:24+7 error: a list of outputs is for a model with steps | a plugin's model says itself what it answers; \
                write e.g. outputs: { NAME: { labels: ./labels.txt } }
                """
            ]),
        WrongText(
            "an output twice", text("{ steps: [detect], outputs: [a, b, a] }"),
            [
                #"6:43+1 error: output "a" is named twice"#
            ]),
        WrongText(
            "a step without a model", text("{ steps: [{ inputs: { x: y } }] }"),
            [
                #"6:18+1 error: step 1 has no model | write e.g. model: detect"#
            ]),
        WrongText(
            "an unknown key", text("{ steps: [detect, { model: lines, input: { x: y } }] }"),
            [
                #"6:42+5 error: unknown key "input" in step 2 | did you mean "inputs"?"#
            ]),
        WrongText(
            "inputs that are no mapping", text("{ steps: [{ model: detect, inputs: [x] }] }"),
            [
                #"6:43+1 error: inputs must be a mapping, not a list | write e.g. { x: image }"#
            ]),
        WrongText(
            "no rows at a time", text("{ steps: [{ model: detect, rows: 0 }] }"),
            [
                #"6:41+1 error: rows must be from 1 to 1000000, not 0"#
            ]),
        WrongText(
            "itself as a step", text("{ steps: [detect, ocr] }"),
            [
                #"6:26+3 error: the steps go round in a circle: "ocr" → "ocr""#
            ]),
        WrongText(
            "a circle",
            GatewayText(
                models: """
                    models:
                      a: { steps: [b] }
                      b: { steps: [c, d] }
                      c: { steps: [{ model: a }] }
                      d: { plugin: echo }
                    """),
            [
                #"6:25+1 error: the steps go round in a circle: "a" → "b" → "c" → "a""#
            ]),
        WrongText(
            "steps too deep", chain(9),
            [
                #"4:3+2 error: model "a0" has steps within steps, 9 deep; at most 8 are allowed"#
            ]),
        WrongText(
            "too many models for one request",
            GatewayText(
                models: """
                    models:
                      a: { steps: [\(Array(repeating: "b", count: 17).joined(separator: ", "))] }
                      b: { steps: [\(Array(repeating: "c", count: 16).joined(separator: ", "))] }
                      c: { plugin: echo }
                    """),
            [
                """
                4:3+1 error: a request to model "a" asks 272 models, those of its steps' steps included; at most 256 are \
                allowed
                """
            ]),
        WrongText("steps as deep as they may be", chain(8), []),
        WrongText(
            "steps that no route need name",
            GatewayText(
                models: "models: { detect: { plugin: echo }, ocr: { steps: [detect], inputs: { x: {} } } }",
                more: "routes: [{ match: { model: ocr }, send: ocr }]"),
            []),
        WrongText(
            "steps of a model that no route reaches",
            GatewayText(
                models: "models: { detect: { plugin: echo }, ocr: { steps: [detect] } }",
                more: "routes: [{ match: { model: detect }, send: detect }]"),
            [
                #"3:37+3 error: no route reaches model "ocr" | send something to it or remove it"#
            ]),
    ]
}
