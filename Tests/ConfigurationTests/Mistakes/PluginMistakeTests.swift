import Configuration
import Testing

@Suite struct PluginMistakeTests {
    @Test(arguments: cases) func isReported(_ wrong: WrongText) { wrong.check() }

    static let cases: [WrongText] = [
        WrongText(
            "a file that is missing",
            GatewayText(models: "models: { a: { plugin: onnx } }", more: "plugins: { onnx: { path: ./libonx.so } }"),
            [
                #"5:26+11 error: there is no file "/etc/sluice/libonx.so""#
            ]),
        WrongText(
            "path and name",
            GatewayText(
                models: "models: { a: { plugin: onnx } }",
                more: "plugins: { onnx: { path: ./libonnx.so, name: tract } }"),
            [
                #"5:40+4 error: plugin "onnx" has both a path and a name | leave one of them out"#
            ]),
        WrongText(
            "a name that is not installed",
            GatewayText(models: "models: { a: { plugin: onnx } }", more: "plugins: { onnx: { name: onnxruntim } }"),
            [
                #"5:26+10 error: no plugin "onnxruntim" is installed | did you mean "onnxruntime"?"#
            ]),
        WrongText(
            "a key that is not installed",
            GatewayText(models: "models: { a: { plugin: onnx } }", more: "plugins: { onnx: {} }"),
            [
                #"""
                5:12+4 error: no plugin "onnx" is installed | installed plugins: baseline, echo, \#
                onnxruntime, tract
                """#
            ]),
        WrongText(
            "no value", GatewayText(models: "models: { a: { plugin: onnx } }", more: "plugins: { onnx: }"),
            [
                #"5:12+4 error: plugin "onnx" has no value | write onnx: {}"#
            ]),
        WrongText(
            "a hash too short",
            GatewayText(
                models: "models: { a: { plugin: onnx } }",
                more: #"plugins: { onnx: { path: ./libonnx.so, sha256: "9f86d081" } }"#),
            [
                #"""
                5:48+10 error: sha256 is not 64 hexadecimal digits | write e.g. \#
                9f86d0819f86d0819f86d0819f86d0819f86d0819f86d0819f86d0819f86d081
                """#
            ]),
        WrongText(
            "a hash of other letters",
            GatewayText(
                models: "models: { a: { plugin: onnx } }",
                more: #"""
                    plugins: { onnx: { path: ./libonnx.so, sha256: \#
                    "gggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggg" } }
                    """#),
            [
                #"""
                5:48+66 error: sha256 is not 64 hexadecimal digits | write e.g. \#
                9f86d0819f86d0819f86d0819f86d0819f86d0819f86d0819f86d0819f86d081
                """#
            ]),
        WrongText(
            "a plugin that no model uses", GatewayText(more: "plugins: { onnx: { path: ./libonnx.so } }"),
            [
                #"5:12+4 error: no model uses plugin "onnx" | use it or remove it"#
            ]),
        WrongText(
            "an unknown key",
            GatewayText(
                models: "models: { a: { plugin: onnx } }",
                more: "plugins: { onnx: { path: ./libonnx.so, isolation: process } }"),
            [
                #"5:40+9 error: unknown key "isolation" in plugin "onnx" | known keys: path, name, sha256"#
            ]),
    ]
}
