import Foundation
import Glibc
import PluginHost
import Tensors
import Testing

/// Runners are copies of a template, and nobody must notice.
@Suite struct RunnerTemplateTests {
    private func error(_ stub: StubModel, _ behaviour: String) throws -> SluiceError? {
        let collector = PartCollector()
        stub.instance.infer(try collector.call(behaviour, deadline: .seconds(20)))
        return try collector.waitForFinal().error
    }

    /// Whoever makes a plugin crash again and again must learn nothing of the next runner from the last one.
    @Test func runnersAreLaidOutAnew() throws {
        let stub = try StubModel.warm(["no_retry": "true"], in: .isolated)
        var seen: [String: Set<Substring>] = [:]
        for _ in 0..<4 {
            // guard 5e0c... plugin 7f21... stack 7f21...
            let words = try #require(try error(stub, "layout")).message.split(separator: " ")
            let start = try #require(words.firstIndex(of: "guard"))
            for index in stride(from: start, to: start + 6, by: 2) {
                seen[String(words[index]), default: []].insert(words[index + 1])
            }
            #expect(try error(stub, "abort")?.code == .pluginCrashed)
        }
        #expect(seen["plugin"]?.count == 4, "\(seen)")
        #expect(seen["stack"]?.count == 4, "\(seen)")
        #if arch(x86_64)
        #expect(seen["guard"]?.count == 4, "\(seen)")
        #expect(seen["guard"]?.allSatisfy { $0.count > 8 && $0.hasSuffix("00") } == true, "\(seen)")
        #endif
        stub.instance.unload()
    }

    /// A program of which there can be no copies is an error that says what it said.
    @Test(arguments: [
        ("echo 'no library for this' >&2; exit 7", "sluice-runner ended (exit status 7): no library for this"),
        ("exit 0", "sluice-runner ended (exit status 0)"),
    ]) func programThatEndsIsToldWithItsLastWords(row: (script: String, reason: String)) throws {
        let program = FileManager.default.temporaryDirectory.appendingPathComponent("runner-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: program) }
        try "#!/bin/sh\n\(row.script)\n".write(to: program, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program.path)
        let recorder = Recorder()
        do throws(PluginLoadError) {
            _ = try IsolatedModel(
                IsolatedModel.Settings(
                    program: program.path, pluginPath: "\(pluginFolder)/libsluice_stub_faulty.so",
                    arguments: InProcessModel.Arguments(
                        model: "stub", version: "1", folder: "/", configJSON: "{}", options: []),
                    inputs: IsolatedInputs(model: "stub")),
                services: recorder.services)
            Issue.record("it was loaded")
        } catch {
            #expect(error.kind == .loadFailed)
            #expect(error.message.hasPrefix("can't start a runner: "), "\(error.message)")
            #expect(error.message.hasSuffix(row.reason), "\(error.message)")
        }
    }

    @Test func programSaysWhoStartsIt() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Hosting.runner)
        let output = Pipe()
        process.standardError = output
        process.environment = ["PATH": "/usr/bin"]
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 64)
        #expect(text == "sluice-runner is started by sluice, not by hand\n")
    }
}
