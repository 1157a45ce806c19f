import Configuration

extension ConfigurationLoader.Context {
    /// A folder with two plugin files, six installed plugins, and a clock that stands at 2026-11-24.
    static let test: ConfigurationLoader.Context = {
        var context = standard
        context.environment["MEDIUM"] = String(repeating: "s", count: 40)
        context.environment["LONG"] = String(repeating: "s", count: 64)
        context.readFile = { path in
            switch path {
            case "/etc/sluice/keys.json": Array("{}".utf8)
            case "/etc/sluice/wrong.json": []
            case "/etc/sluice/species.txt": Array("\u{FEFF}setosa\r\nversicolor \nvirginica".utf8)
            case "/etc/sluice/gap.txt": Array("setosa\n\nvirginica\n".utf8)
            case "/etc/sluice/latin.txt": [0x47, 0x72, 0xFC, 0x6E, 0x0A]
            case "/etc/sluice/long.txt": Array(String(repeating: "a\n", count: 65_537).utf8)
            case "/etc/sluice/wide.txt": Array(repeating: 0x61, count: 1025)
            case "/etc/sluice/huge.txt": Array(repeating: 0x61, count: (1 << 20) + 1)
            case "/etc/sluice/pepper": Array("a pepper of the tests\n".utf8)
            default: nil
            }
        }
        context.keySetFault = { bytes, _ in bytes.isEmpty ? "holds no JSON object" : nil }
        return context
    }()

    private static let standard = ConfigurationLoader.Context(
        folder: "/etc/sluice", environment: ["TOKEN": "s3cret", "EMPTY": ""],
        installedPlugins: ["baseline", "echo", "media", "onnxruntime", "remote", "tract"],
        fileExists: {
            ["/etc/sluice/libonnx.so", "/opt/liblite.so"].contains($0) || $0.hasPrefix("/etc/sluice/tls")
        },
        nowSeconds: 1_795_478_400,
        tlsFault: { files in
            if files.certificate.hasSuffix("key.pem") { return .init(.certificate, "holds no certificate in PEM") }
            if files.key.hasSuffix("other.key") {
                return .init(.key, "does not hold the private key of the first certificate in cert")
            }
            return files.clientCA?.hasSuffix("empty.pem") == true
                ? .init(.clientCA, "holds no certificate in PEM") : nil
        })
}

/// The least that is valid, with parts that tests replace.
struct GatewayText {
    var version = "version: 1"
    var listeners = #"listeners: { public: { address: "127.0.0.1:8080" } }"#
    var models = "models: { echo: { plugin: echo } }"
    var auth = "auth: none"
    /// Lines from the fifth on.
    var more = ""

    var text: String { [version, listeners, models, auth, more].joined(separator: "\n") }
}

/// A good SHA-256.
let digits = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
