import Foundation
import Testing

/// `sluice plugin inspect`, `run` and `list`, and what `check` refuses.
struct CommandTests {
    private static let plugin = "\(SluiceProgram.plugins)/breaches/none.so"

    /// A folder of a test's own.
    private func withFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-kit-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try body(folder)
    }

    @Test func inspectSaysWhatItIsAndHowToPinIt() throws {
        let outcome = try SluiceProgram.run(["plugin", "inspect", "echo"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        let digest = try #require(outcome.output.firstMatch(of: /sha256 +([0-9a-f]{64})\n/)?.1)
        for part in [
            "dev.sluice.echo", "ABI           1.0", "load, unload, describe, infer", "  my-echo: { plugin: echo",
        ] {
            #expect(outcome.output.contains(part), "\(outcome.output)")
        }
        let sum = Process()
        let pipe = Pipe()
        sum.executableURL = URL(fileURLWithPath: "/usr/bin/sha256sum")
        sum.arguments = ["\(SluiceProgram.plugins)/libsluice_echo.so"]
        sum.standardOutput = pipe
        try sum.run()
        let text = String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        sum.waitUntilExit()
        #expect(text.hasPrefix(digest))
    }

    @Test func theLinesOfInspectAreGoodInAGatewayFile() throws {
        let outcome = try SluiceProgram.run(["plugin", "inspect", "echo"])
        let lines = try #require(outcome.output.range(of: "plugins:\n").map { outcome.output[$0.lowerBound...] })
        try withFolder { folder in
            let file = folder.appendingPathComponent("gateway.yaml")
            let text =
                "version: 1\nlisteners:\n  public: { address: \"127.0.0.1:0\" }\nauth: none\n\(lines)\n"
                + "routes:\n  - match: { model: my-echo }\n    send: my-echo\n"
            try text.write(to: file, atomically: true, encoding: .utf8)
            let check = try SluiceProgram.run(["check", file.path])
            #expect(check.status == 0, "\(check.output)\(check.errors)")
        }
    }

    @Test func checkRefusesAFileThatIsNotThePinnedOne() throws {
        try withFolder { folder in
            let file = folder.appendingPathComponent("gateway.yaml")
            let pin = String(repeating: "0", count: 64)
            let text =
                "version: 1\nlisteners:\n  public: { address: \"127.0.0.1:0\" }\nauth: none\nplugins:\n"
                + "  pinned: { path: \"\(Self.plugin)\", sha256: \"\(pin)\" }\nmodels: { m: { plugin: pinned } }\n"
            try text.write(to: file, atomically: true, encoding: .utf8)
            let check = try SluiceProgram.run(["check", file.path])
            #expect(check.status == 1)
            #expect(check.output.contains("gateway.yaml:6:3: error: \(Self.plugin) is not the file that plugin"))
            #expect(check.output.hasSuffix("1 error\n"), "\(check.output)")
        }
    }

    @Test func inspectAsJSON() throws {
        let outcome = try SluiceProgram.run(["plugin", "inspect", Self.plugin, "--format", "json"])
        let object = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
        #expect(object?["id"] as? String == "dev.sluice.breach")
        #expect(object?["functions"] as? [String] == ["load", "unload", "describe", "infer"])
    }

    @Test func runAnswersWithoutAGateway() throws {
        try withFolder { folder in
            let input = folder.appendingPathComponent("in.csv")
            try "1,2,3,4\n5,6,7,8\n".write(to: input, atomically: true, encoding: .utf8)
            let json = try SluiceProgram.run(["plugin", "run", Self.plugin, "--input", input.path])
            #expect(json.status == 0, "\(json.errors)")
            #expect(json.output.contains(#""OUTPUT0":[[2,4,6,8],[10,12,14,16]],"SUM":[[20],[52]]"#), "\(json.output)")

            let one = try SluiceProgram.run(["plugin", "run", Self.plugin, "--input", input.path, "--want", "SUM"])
            #expect(one.output.contains(#""outputs":{"SUM":[[20],[52]]}"#), "\(one.output)")

            let output = folder.appendingPathComponent("out.npy")
            let npy = try SluiceProgram.run([
                "plugin", "run", Self.plugin, "--config", "{scale: 3}", "--input", input.path, "--want", "OUTPUT0",
                "--output", output.path,
            ])
            #expect(npy.status == 0, "\(npy.errors)")
            // What it wrote it reads: the round trip is through both codecs.
            let back = try SluiceProgram.run(["plugin", "run", Self.plugin, "--input", output.path])
            #expect(back.output.contains(#""SUM":[[60],[156]]"#), "\(back.output)\(back.errors)")
        }
    }

    @Test func settingsComeFromAFileWithItsOwnFolder() throws {
        try withFolder { folder in
            let config = folder.appendingPathComponent("model.yaml")
            try "plugin: echo\nconfig:\n  inputs:\n    - { name: A, datatype: INT8, shape: [2] }\n".write(
                to: config, atomically: true, encoding: .utf8)
            let input = folder.appendingPathComponent("in.json")
            try #"{"A": [1, -128]}"#.write(to: input, atomically: true, encoding: .utf8)
            let outcome = try SluiceProgram.run(
                ["plugin", "run", "echo", "--config", config.path, "--input", input.path])
            #expect(outcome.output.contains(#""outputs":{"A":[1,-128]}"#), "\(outcome.output)\(outcome.errors)")
        }
    }

    @Test(arguments: [
        (["run", "no_such_plugin"], 1 as Int32, "no plugin of that name"),
        (["run", "./no/such/file.so"], 1, "there is no file ./no/such/file.so"),
        (["run", "echo"], 64, "give an input with --input; the model has inputs: INPUT0"),
        (["run", "echo", "--input", "/no/such/file.csv"], 1, "can't read /no/such/file.csv"),
        (["run", "echo", "--config", "{inputs: [{datatype: FP99}]}"], 1, "unknown data type \"FP99\""),
        (["run", "echo", "--config", "{inputs: [}"], 1, "--config:1:11: error:"),
        (["run", "echo", "--param", "odd", "--input", "gateway.yaml"], 64, "--param takes key=value"),
        (["run", "echo", "--want", "NONE", "--input", "gateway.yaml"], 64, "no output \"NONE\""),
        (["inspect", "README.md"], 1, "no ELF file"),
        (["check", "echo", "--only", "no.such"], 64, "no rule begins with \"no.such\""),
        (["check", "echo", "--fuzz", "much"], 64, "fuzz"),
        (["check", "echo", "--patience", "0"], 64, "--patience takes seconds"),
        (["check", "echo", "--config", "no/such.yaml"], 64, "can't read no/such.yaml"),
    ])
    func whatCannotBeDoneIsSaid(arguments: [String], status: Int32, reason: String) throws {
        let outcome = try SluiceProgram.run(["plugin"] + arguments)
        #expect(outcome.status == status, "\(outcome.output)\(outcome.errors)")
        #expect(outcome.errors.contains(reason), "\(outcome.errors)")
    }

    @Test func aGatewayFileIsNotOneModelsSettings() throws {
        let outcome = try SluiceProgram.run(["plugin", "run", "echo", "--config", "gateway.yaml"])
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("this is a gateway.yaml, not one model's settings"), "\(outcome.errors)")
    }

    @Test func listNamesWhatIsInstalledUnderBothWords() throws {
        for words in [["plugin", "list"], ["plugins"]] {
            let outcome = try SluiceProgram.run(words)
            #expect(outcome.output.contains("echo  \(SluiceProgram.plugins)/libsluice_echo.so"), "\(outcome.output)")
            #expect(outcome.output.contains("looked in "))
        }
    }

    @Test(.enabled(if: !SluiceProgram.isSanitized)) func strictCountsWarnings() throws {
        let file = "\(SluiceProgram.plugins)/breaches/exports_more.so"
        #expect(try SluiceProgram.run(["plugin", "check", file, "--only", "file"]).status == 0)
        #expect(try SluiceProgram.run(["plugin", "check", file, "--only", "file", "--strict"]).status == 1)
    }

    @Test(.enabled(if: !SluiceProgram.isSanitized)) func givenInputsAreUsed() throws {
        try withFolder { folder in
            let input = folder.appendingPathComponent("in.csv")
            try "1,2,3,4\n5,6,7,8\n9,10,11,12\n".write(to: input, atomically: true, encoding: .utf8)
            let (report, status) = try Report.check(
                "breaches/none.so", ["--input", input.path, "--only", "batch", "--only", "modes", "--only", "input"])
            #expect(status == 0, "\(report.results.filter { $0.outcome == "failed" })")
            #expect(report.rules("passed").isSuperset(of: ["batch.concat", "modes.in-process", "input.huge"]))
        }
    }
}
