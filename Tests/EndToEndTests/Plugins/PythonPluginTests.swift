import Foundation
import Testing

/// The Python plugin in a real gateway: the template as it is, and what a caller learns of failures.
@Suite struct PythonPluginTests {
    private static var environment: String { GatewayFixture.root.appendingPathComponent("build/venv").path }
    /// Python is never shut down, and what it keeps until the end looks like leaks to AddressSanitizer.
    private static let variables = ["ASAN_OPTIONS": "detect_leaks=0"]

    @Test(arguments: ["in-process", "process"]) func templateIsServedAsItIs(isolation: String) throws {
        let scratch = try ScratchFolder()
        let made = try ProgramRun(
            GatewayFixture.program.path, ["plugin", "new", "--language", "python", "mine"], in: scratch.url)
        #expect(made.status == 0, "\(made.errors)")
        #expect(!made.output.contains("make\n"), "nothing is built")
        let folder = scratch.url.appendingPathComponent("mine")
        let yaml = try String(contentsOf: folder.appendingPathComponent("gateway.yaml"), encoding: .utf8)
            .replacingOccurrences(of: "\"127.0.0.1:8080\"", with: "LISTENER")
            .replacingOccurrences(of: "./model.py", with: "\(folder.path)/model.py, venv: \(Self.environment)")

        let plugins = "\nplugins: { python: { isolation: \(isolation) } }\n"
        let gateway = try GatewayFixture(yaml + plugins, environment: Self.variables)
        let answer = try gateway.post("/v1/infer/mine", #"{"x": [1, 2.5, -3]}"#)
        #expect(answer.status == 200, "\(answer.text) \(gateway.log)")
        #expect((answer.json["outputs"] as? [String: [Double]]) == ["y": [2, 5, -6]])
        let many = (0..<100_000).map(Double.init)
        for _ in 0..<8 {  // the first few are copied, the rest views of the request's memory
            let large = try gateway.post("/v1/infer/mine", "{\"x\": \(many)}")
            #expect((large.json["outputs"] as? [String: [Double]]) == ["y": many.map { $0 * 2 }])
        }
        gateway.terminate()
        #expect(gateway.waitForExit() == 0)
        #expect(!gateway.log.contains("contract"), "\(gateway.log)")

        let wrong = try GatewayFixture(yaml.replacingOccurrences(of: "{ factor: 2 }", with: "{ fcator: 2 }"))
        #expect(try wrong.post("/v1/infer/mine", #"{"x": [1]}"#).status == 503)
        #expect(wrong.log.contains("ValueError: unknown setting 'fcator' (model.py, line"), "\(wrong.log)")
    }

    @Test func pluginKeepsTheContract() throws {
        let scratch = try ScratchFolder()
        _ = try ProgramRun(
            GatewayFixture.program.path, ["plugin", "new", "--language", "python", "mine"], in: scratch.url)
        let model = "{ file: mine/model.py, venv: \(Self.environment), settings: { factor: 3 } }"
        let report = try ProgramRun(
            GatewayFixture.program.path,
            [
                "plugin", "check", "\(GatewayFixture.pluginFolder)/libsluice_python.so", "--config", model, "--strict",
                "--fuzz", "200", "--isolation", "both",
            ], in: scratch.url, environment: Self.variables)
        // A sanitizer keeps freed memory for a while, to catch who uses it: that looks like a leak.
        let isSanitized = ProcessInfo.processInfo.environment["SLUICE_TEST_PLUGINS"] != nil
        let failures = report.output.split(separator: "\n").filter { $0.contains("FAILED") }
        #expect(
            report.status == 0 || isSanitized && failures.allSatisfy { $0.contains("life.memory") },
            "\(report.output)\(report.errors)")
        for mode in ["modes.in-process", "modes.process"] {
            #expect(report.output.contains("passed   \(mode)"), "\(report.output)")
        }
    }

    @Test(arguments: ["in-process", "process"]) func tracebackIsForTheLogAlone(isolation: String) throws {
        let scratch = try ScratchFolder()
        try """
        class Model:
            inputs = outputs = {"x": ("FP32", [-1])}

            def infer(self, inputs, request):
                if inputs["x"][0] < 0:
                    raise ValueError("x must not be negative")
                return inputs["swordfish"]
        """.write(to: scratch.url.appendingPathComponent("model.py"), atomically: true, encoding: .utf8)
        let gateway = try GatewayFixture(
            """
            version: 1
            listeners: { public: { address: LISTENER } }
            plugins: { python: { isolation: \(isolation) } }
            models:
              m: { plugin: python, config: { file: \(scratch.url.path)/model.py, venv: \(Self.environment) } }
            auth: none
            """, environment: Self.variables)
        let refused = try gateway.post("/v1/infer/m", #"{"x": [-1]}"#)
        #expect(refused.status == 400 && refused.error == "model \"m\": x must not be negative", "\(refused.text)")
        let failed = try gateway.post("/v1/infer/m", #"{"x": [1]}"#)
        #expect(failed.status == 500, "\(failed.text)")
        #expect(failed.error?.contains("the model failed with KeyError; its log says where") == true, "\(failed.text)")
        #expect(!failed.text.contains("swordfish") && !failed.text.contains("Traceback"))
        #expect(gateway.log.contains("swordfish") && gateway.log.contains("Traceback"), "\(gateway.log)")
        let id = try #require(failed.json["request_id"] as? String)
        #expect(gateway.log.contains("request \(id) failed"), "\(gateway.log)")
    }
}
