import Configuration
import Testing

@Suite struct ModelMistakeTests {
    @Test(arguments: cases) func isReported(_ wrong: WrongText) { wrong.check() }

    static let cases: [WrongText] = [
        WrongText(
            "no plugin", GatewayText(models: "models: { echo: {} }"),
            [
                #"3:11+4 error: model "echo" has no plugin | write e.g. plugin: onnxruntime, or steps: […]"#
            ]),
        WrongText(
            "an unknown plugin", GatewayText(models: "models: { iris: { plugin: onxruntime } }"),
            [
                #"3:27+10 error: unknown plugin "onxruntime" | did you mean "onnxruntime"?"#
            ]),
        WrongText(
            "an unknown plugin that is like none", GatewayText(models: "models: { iris: { plugin: tensorflow } }"),
            [
                #"""
                3:27+10 error: unknown plugin "tensorflow" | known plugins: baseline, echo, media, onnxruntime, \#
                remote, tract
                """#
            ]),
        WrongText(
            "a file that nothing runs", GatewayText(models: "models: { iris: ./iris.bin }"),
            [
                #"""
                3:17+10 error: nothing tells which plugin runs "./iris.bin" | write { plugin: NAME, config: { file: … } }; \#
                files that are enough end in .onnx, .tflite, .gguf, .ubj, .json, .txt, .joblib, .skops, .py, or are the \#
                folder of a SavedModel
                """#
            ]),
        WrongText(
            "a file that doesn't say enough", GatewayText(models: "models: { vad: ./vad.jit }"),
            [
                #"""
                3:16+9 error: TorchScript doesn't say what its inputs and outputs are | write { plugin: pytorch, \#
                config: { file: ./vad.jit, inputs: […], outputs: […] } }, each of them as \#
                { name: x, datatype: FP32, shape: [-1, 4] }
                """#
            ]),
        WrongText(
            "a plugin in place of a file", GatewayText(models: "models: { echo: echo }"),
            [
                #"3:17+4 error: "echo" is a plugin, not a model's file | write { plugin: echo }"#
            ]),
        WrongText(
            "a file whose plugin isn't installed", GatewayText(models: "models: { iris: ./iris.tflite }"),
            [
                #"""
                3:17+13 error: unknown plugin "tflite" | known plugins: baseline, echo, media, onnxruntime, remote, \#
                tract
                """#
            ]),
        WrongText(
            "a name with a star", GatewayText(models: #"models: { "vision/*": { plugin: echo } }"#),
            [
                #"""
                3:11+10 error: "*" can't be in the name of a model | names are made of letters, digits and \#
                . _ - /
                """#
            ]),
        WrongText(
            "names with stray slashes",
            GatewayText(models: "models: { /a: { plugin: echo }, b/: { plugin: echo }, c//d: { plugin: echo } }"),
            [
                #"3:11+2 error: the name of a model can't start or end with "/" or repeat it"#,
                #"3:33+2 error: the name of a model can't start or end with "/" or repeat it"#,
                #"3:55+4 error: the name of a model can't start or end with "/" or repeat it"#,
            ]),
        WrongText(
            "a version of words", GatewayText(models: "models: { echo: { plugin: echo, version: v1 } }"),
            [
                #"3:42+2 error: version: "v1" is not a version made of digits | write e.g. "1""#
            ]),
        WrongText(
            "wrong numbers", GatewayText(models: "models: { echo: { plugin: echo, concurrency: 0, queue: -1 } }"),
            [
                "3:46+1 error: concurrency must be from 1 to 4096, not 0",
                "3:56+2 error: queue must be from 0 to 1000000, not -1",
            ]),
        WrongText(
            "numbers in words",
            GatewayText(models: "models: { echo: { plugin: echo, concurrency: many, queue: 1.5 } }"),
            [
                #"3:46+4 error: concurrency must be a whole number, not "many" | write e.g. 4, or auto"#,
                #"3:59+3 error: queue must be a whole number, not "1.5" | write e.g. 256"#,
            ]),
        WrongText(
            "a timeout without unit", GatewayText(models: "models: { echo: { plugin: echo, timeout: 2 } }"),
            [
                #"3:42+1 error: timeout: "2" is not a duration | write 2s"#
            ]),
        WrongText(
            "a config that is text", GatewayText(models: "models: { echo: { plugin: echo, config: ./iris.onnx } }"),
            [
                #"""
                3:41+11 error: config must be a mapping, not "./iris.onnx" | write e.g. { file: \#
                ./model.onnx }
                """#
            ]),
        WrongText(
            "a variable that is not set",
            GatewayText(
                models: #"models: { echo: { plugin: echo, config: { a: [env:TOKEM], b: "env:", c: "env:A B" } } }"#),
            [
                #"3:47+9 error: the environment has no variable "TOKEM" | set it, e.g. TOKEM=…"#,
                #"3:62+6 error: "" can't be the name of a variable | write e.g. env:MODEL_TOKEN"#,
                #"3:73+9 error: "A B" can't be the name of a variable | write e.g. env:MODEL_TOKEN"#,
            ]),
        WrongText(
            "a colon at the end", GatewayText(models: "models: { echo: { plugin: echo, config: { b: env:, c: 1 } } }"),
            [
                #"""
                3:49+1 error: ":" can't stand here | check the indentation, or write text with ": " in \#
                quotes
                """#
            ]),
        WrongText(
            "values that YAML versions read differently",
            GatewayText(models: "models: { echo: { plugin: echo, config: { a: yes, b: [off], c: 010, d: NO } } }"),
            [
                #"""
                3:46+3 error: "yes" is a truth value to some and text to others | write true, or "yes" in \#
                quotes
                """#,
                #"""
                3:55+3 error: "off" is a truth value to some and text to others | write false, or "off" in \#
                quotes
                """#,
                #"""
                3:64+3 error: "010" is octal to some and decimal to others | write 10, or "010" in quotes
                """#,
                #"""
                3:72+2 error: "NO" is a truth value to some and text to others | write false, or "NO" in \#
                quotes
                """#,
            ]),
        WrongText(
            "numbers that don't fit",
            GatewayText(
                models: #"""
                    models: { echo: { plugin: echo, config: { a: 1e999, b: 99999999999999999999, c: .inf, d: \#
                    -.NaN } } }
                    """#),
            [
                #"3:46+5 error: "1e999" does not fit a 64-bit number | write it in quotes"#,
                #"3:56+20 error: "99999999999999999999" does not fit 64 bits | write it in quotes"#,
                #"3:81+4 error: ".inf" is no number that a plugin can be given"#,
                #"3:90+5 error: "-.NaN" is no number that a plugin can be given"#,
            ]),
        WrongText(
            "inputs without columns",
            GatewayText(
                models: #"""
                    models: { echo: { plugin: echo, inputs: { X: {}, Y: { columns: [] }, Z: { columns: a } } } }
                    """#),
            [
                #"3:43+1 error: input "X" says nothing | write e.g. columns: [a, b], or finite: true"#,
                "3:64+1 error: columns is an empty list | leave it out, or name at least one",
                #"3:84+1 error: columns must be a list, not "a" | write [a]"#,
            ]),
        WrongText(
            "a column twice",
            GatewayText(models: "models: { echo: { plugin: echo, inputs: { X: { columns: [a, b, a] } } } }"),
            [
                #"3:64+1 error: column "a" is named twice"#
            ]),
        WrongText(
            "a state in no folder, and one of two instances",
            GatewayText(
                models:
                    #"models: { echo: { plugin: echo, state: ./no/x }, b: { plugin: echo, instances: 2, state: tls/d/x } }"#
            ),
            [
                #"3:40+6 error: there is no folder "/etc/sluice/no" for the state"#,
                #"""
                3:90+7 error: a model of 2 instances can't have one state | each instance would learn by itself; \#
                leave out instances
                """#,
            ]),
        WrongText(
            "a key of another gateway",
            GatewayText(models: "models: { echo: { plugin: echo, replicas: 2, confg: {} } }"),
            [
                #"""
                3:33+8 error: unknown key "replicas" in model "echo" | known keys: plugin, steps, outputs, version, \#
                config, instances, isolation, concurrency, queue, timeout, batching, priorities, and 14 more
                """#,
                #"3:46+5 error: unknown key "confg" in model "echo" | did you mean "config"?"#,
            ]),
    ]
}
