import Configuration
import Testing

@Suite struct PluginMistakeTests {
    @Test(arguments: cases) func isReported(_ wrong: WrongText) { wrong.check() }

    static let cases: [WrongText] = [
        WrongText(
            "a process's key without a process",
            GatewayText(
                models: "models: { a: { plugin: onnx } }",
                more: "plugins: { onnx: { path: ./libonnx.so, memory: 1GiB } }"),
            [
                #"""
                5:40+6 error: memory needs a process, but plugin "onnx" runs in the gateway | \#
                write isolation: process
                """#
            ]),
        WrongText(
            "a process that every model declines",
            GatewayText(
                models: "models: { a: { plugin: onnx, isolation: in-process } }",
                more: "plugins: { onnx: { path: ./libonnx.so, isolation: process, sandbox: strict } }"),
            [
                #"""
                5:60+7 error: sandbox needs a process, but plugin "onnx" runs in the gateway | \#
                write isolation: process
                """#
            ]),
        WrongText(
            "misspelt words",
            GatewayText(
                models: "models: { a: { plugin: onnx, isolation: proces } }",
                more:
                    "plugins: { onnx: { path: ./libonnx.so, isolation: process, sandbox: hard, grants: { network: on } } }"
            ),
            [
                #"3:41+6 error: isolation can't be "proces" | did you mean "process"?"#,
                #"5:69+4 error: sandbox can't be "hard" | known words: strict, standard, off"#,
                #"5:94+2 error: network can't be "on" | known words: none, any"#,
            ]),
        WrongText(
            "grants of what isn't there, variables that aren't set",
            GatewayText(
                models: "models: { a: { plugin: onnx } }",
                more: """
                    plugins:
                      onnx:
                        path: ./libonnx.so
                        isolation: process
                        memory: 1KiB
                        grants: { read: [./modles], write: [/opt/liblite.so, /gone], more: 1 }
                        env: [TOKEN, TOKN, "a b"]
                        grace: 1
                    """),
            [
                #"9:13+4 error: memory must be from 16MiB to 65536GiB, not 1KiB"#,
                #"10:22+8 error: there is no file or folder "/etc/sluice/modles""#,
                #"10:58+5 error: there is no file or folder "/gone""#,
                #"10:66+4 error: unknown key "more" in grants | known keys: read, write, network"#,
                #"11:24+5 error: env: "a b" is not a variable's name | write e.g. MODEL_TOKEN"#,
                #"12:12+1 error: grace: "1" is not a duration | write 1s"#,
            ]),
        WrongText(
            "a remote without the network",
            GatewayText(
                models: "models: { a: { plugin: far, isolation: process }, b: { plugin: far } }",
                more: "plugins: { far: { name: remote } }"),
            [
                #"""
                3:24+3 error: model "a" asks other servers, but its process may not use the network | \#
                write plugins: { far: { grants: { network: any } } }, or isolation: in-process
                """#
            ]),
        WrongText(
            "a remote's key",
            GatewayText(
                models: """
                    models: { a: { plugin: remote, config: { key: sk-1 } }, b: { plugin: remote, config: { key: env:TOKEN } } }
                    """),
            [
                #"""
                3:24+6 error: model "a": config.key is written out: secrets are named in the file, and kept elsewhere | \#
                write key: env:NAME, or key: file:PATH
                """#
            ]),
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
                5:12+4 error: no plugin "onnx" is installed | installed plugins: baseline, echo, media, \#
                onnxruntime, remote, tract
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
                more: "plugins: { onnx: { path: ./libonnx.so, isolaton: process } }"),
            [
                #"5:40+8 error: unknown key "isolaton" in plugin "onnx" | did you mean "isolation"?"#
            ]),
    ]
}
