import Foundation
import Testing

/// `sluice plugin new`: what it makes builds outside the repository by one command and is served as it is.
@Suite struct NewPluginTests {
    /// Languages whose plugin is a library of its own.
    static let compiled = ["c", "cpp", "rust", "swift", "zig"]
    static let sources = [
        "c": "plugin.c", "cpp": "plugin.cpp", "rust": "plugin.rs", "swift": "plugin.swift", "zig": "plugin.zig",
        "python": "model.py",
    ]

    private func new(_ arguments: String..., in folder: URL) throws -> ProgramRun {
        try ProgramRun(GatewayFixture.program.path, ["plugin", "new"] + arguments, in: folder)
    }

    /// Zig comes by pip, as `make deps` installs it; what it caches is kept between runs.
    private var buildEnvironment: [String: String] {
        let build = GatewayFixture.root.appendingPathComponent("build").path
        return ["ZIG": "\(build)/venv/bin/python -m ziglang", "ZIG_GLOBAL_CACHE_DIR": "\(build)/zig-cache"]
    }

    /// A generated and built plugin.
    private func built(_ language: String, in scratch: ScratchFolder) throws -> URL {
        let made = try new("--language", language, "my-plugin", in: scratch.url)
        #expect(made.status == 0, "\(made.errors)")
        let folder = scratch.url.appendingPathComponent("my-plugin")
        let make = try ProgramRun("make", in: folder, environment: buildEnvironment)
        try #require(make.status == 0, "\(make.output)\(make.errors)")
        #expect(!make.errors.contains("warning"), "\(make.errors)")
        return folder
    }

    private func requireCompiler(of language: String) throws {
        if language == "rust", try ProgramRun("sh", ["-c", "command -v rustc"]).status != 0 {
            try Test.cancel("rustc is not on the PATH: the Rust template was not built")
        }
    }

    /// The generated gateway.yaml, made to listen on a free port and to find its files from another folder.
    private func configuration(in folder: URL) throws -> String {
        try String(contentsOf: folder.appendingPathComponent("gateway.yaml"), encoding: .utf8)
            .replacingOccurrences(of: "\"127.0.0.1:8080\"", with: "LISTENER")
            .replacingOccurrences(of: "./", with: folder.path + "/")
    }

    @Test(arguments: compiled) func templateBuildsByOneCommandAndAnswers(language: String) throws {
        try requireCompiler(of: language)
        let scratch = try ScratchFolder()
        let folder = try built(language, in: scratch)

        let symbols = try ProgramRun(
            "nm", ["--dynamic", "--defined-only", "--format=just-symbols", "my-plugin.so"], in: folder)
        let names = symbols.output.split(separator: "\n").filter { !["__bss_start", "_edata", "_end"].contains($0) }
        #expect(names == ["sluice_plugin_v1"])

        let check = try ProgramRun(GatewayFixture.program.path, ["check", "gateway.yaml"], in: folder)
        #expect(check.status == 0, "\(check.output)")
        let contract = try ProgramRun(
            GatewayFixture.program.path,
            [
                "plugin", "check", "./my-plugin.so", "--config", "{ factor: 3 }", "--fuzz", "200", "--isolation",
                "both",
            ], in: folder)
        #expect(contract.status == 0, "\(contract.output)\(contract.errors)")
        for mode in ["modes.in-process", "modes.process"] {
            #expect(contract.output.contains("passed   \(mode)"), "\(contract.output)")
        }

        let yaml = try configuration(in: folder)
        try answers(yaml)
        let isolated = yaml.replacingOccurrences(of: "my-plugin.so }", with: "my-plugin.so, isolation: process }")
        #expect(isolated != yaml)
        try answers(isolated)
        try wrongSettingsAreRefused(in: folder)
    }

    private func answers(_ yaml: String) throws {
        let gateway = try GatewayFixture(yaml)
        let answer = try gateway.post("/v1/infer/my-plugin", #"{"x": [1, 2.5, -3]}"#)
        #expect(answer.status == 200, "\(answer.text)")
        #expect((answer.json["outputs"] as? [String: [Double]]) == ["y": [2, 5, -6]])
        let empty = try gateway.post("/v1/infer/my-plugin", #"{"x": []}"#)
        #expect((empty.json["outputs"] as? [String: [Double]]) == ["y": []], "\(empty.text)")
        let many = (0..<100_000).map(Double.init)
        let large = try gateway.post("/v1/infer/my-plugin", "{\"x\": \(many)}")
        #expect((large.json["outputs"] as? [String: [Double]]) == ["y": many.map { $0 * 2 }])
        gateway.terminate()
        #expect(gateway.waitForExit() == 0)
        #expect(!gateway.log.contains("contract"), "\(gateway.log)")
    }

    /// A setting that the plugin can't read, or doesn't know, is said in the log, and nothing is answered.
    private func wrongSettingsAreRefused(in folder: URL) throws {
        for (settings, reason) in [("{ factor: much }", "much"), ("{ fcator: 2 }", "fcator")] {
            let yaml = try configuration(in: folder).replacingOccurrences(of: "{ factor: 2 }", with: settings)
            let gateway = try GatewayFixture(yaml)
            let answer = try gateway.post("/v1/infer/my-plugin", #"{"x": [1]}"#)
            #expect(answer.status == 503, "\(answer.text)")
            #expect(gateway.log.contains("model not loaded") && gateway.log.contains(reason), "\(gateway.log)")
        }
    }

    @Test(arguments: sources) func templateIsShort(language: String, source: String) throws {
        let scratch = try ScratchFolder()
        _ = try new("--language", language, "mine", in: scratch.url)
        let folder = scratch.url.appendingPathComponent("mine")
        let text = try String(contentsOf: folder.appendingPathComponent(source), encoding: .utf8)
        #expect(text.split(separator: "\n", omittingEmptySubsequences: false).count <= 60)
        for file in try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil) {
            let text = try String(contentsOf: file, encoding: .utf8)
            #expect(text.firstMatch(of: /@[A-Z]+@/) == nil, "\(file.lastPathComponent) has an unfilled place")
        }
    }

    @Test(arguments: compiled) func headerComesAlong(language: String) throws {
        let scratch = try ScratchFolder()
        _ = try new("--language", language, "mine", "--folder", "elsewhere/deep", in: scratch.url)
        let header = try Data(contentsOf: scratch.url.appendingPathComponent("elsewhere/deep/sluice_plugin.h"))
        let original = GatewayFixture.root.appendingPathComponent("Sources/CSluicePlugin/include/sluice_plugin.h")
        #expect(try header == Data(contentsOf: original))
    }

    @Test func nextStepsAreSaid() throws {
        let scratch = try ScratchFolder()
        let made = try new("--language", "c", "mine", in: scratch.url)
        for part in ["made mine: Makefile, README.md, gateway.yaml", "cd mine", "make", "sluice serve gateway.yaml"] {
            #expect(made.output.contains(part), "\(made.output)")
        }
    }

    @Test(arguments: [
        ("", "it is empty"), ("9lives", "start with a letter"), ("../up", "start with a letter"),
        ("a/b", "letters, digits"), ("a b", "letters, digits"), ("naïve", "letters, digits"),
        ("a.so", "letters, digits"),
        (String(repeating: "a", count: 65), "longer than 64"),
    ])
    func wrongNameIsRefused(name: String, reason: String) throws {
        let scratch = try ScratchFolder()
        let refused = try new("--language", "c", name, in: scratch.url)
        #expect(refused.status != 0)
        #expect(refused.errors.contains(reason), "\(refused.errors)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.url.path).isEmpty)
    }

    @Test func existingFolderIsLeftAlone() throws {
        let scratch = try ScratchFolder()
        let folder = scratch.url.appendingPathComponent("mine")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let refused = try new("--language", "c", "mine", in: scratch.url)
        #expect(refused.status != 0)
        #expect(refused.errors.contains("can't make mine: it exists already"), "\(refused.errors)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }

    @Test func unknownLanguageIsRefused() throws {
        let scratch = try ScratchFolder()
        let refused = try new("--language", "cobol", "mine", in: scratch.url)
        #expect(refused.status != 0)
        #expect(refused.errors.contains("cobol") && refused.errors.contains("zig"), "\(refused.errors)")
    }
}
