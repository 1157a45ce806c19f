import Foundation
import Testing

/// `sluice infer` against a real gateway.
@Suite(
    .gateway(
        """
        version: 1
        listeners: { public: { address: LISTENER } }
        auth: none
        models:
          echo: { plugin: echo, config: { inputs: [{ name: x, datatype: FP32, shape: [-1, 2] }] } }
          "group/echo": { plugin: echo, config: { inputs: [{ name: x, datatype: FP32, shape: [-1, 2] }] } }
        observability: { access_log: none }
        """))
struct InferCommandTests {
    let gateway: GatewayFixture
    let folder: ScratchFolder

    init() throws {
        gateway = try #require(GatewayTrait.current)
        folder = try ScratchFolder()
    }

    private func infer(_ arguments: [String], environment: [String: String] = [:]) throws -> CommandRun {
        try CommandRun(
            ["infer", "--url", "http://127.0.0.1:\(gateway.port)"] + arguments, environment: environment)
    }

    private func file(_ name: String, _ text: String) throws -> String {
        let url = folder.url.appendingPathComponent(name)
        try text.write(to: url, atomically: true, encoding: .utf8)
        return url.path
    }

    private func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    private static let rows = (1...500).map { "\($0),\($0 * 2)" }
    private static let answer = "x_0,x_1\r\n" + rows.joined(separator: "\r\n") + "\r\n"

    @Test func rowsAreAnsweredInOrder() throws {
        let input = try file("rows.csv", "x_0,x_1\n" + Self.rows.joined(separator: "\n"))
        for model in ["echo", "group/echo"] {
            let run = try infer(["--model", model, input, "--batch", "17"])
            #expect((run.status, run.errors) == (0, ""))
            #expect(run.output == Self.answer)
        }
        let lines = try infer(["--model", "echo", input, "--as", "ndjson"])
        #expect(lines.output.split(separator: "\n").count == 500)
        #expect(lines.output.hasPrefix("{\"row\":1,\"outputs\":{\"x\":[1,2]}}\n"))
    }

    @Test func anAnswerGoesOnBehindItsLastWholeRow() throws {
        let input = try file("rows.csv", Self.rows.joined(separator: "\n"))
        let out = folder.url.appendingPathComponent("out.csv").path
        for kept in [0, 4, 9, 10, 500, 2000, Self.answer.utf8.count] {
            try String(Self.answer.prefix(kept)).write(toFile: out, atomically: true, encoding: .utf8)
            let run = try infer(["--model", "echo", input, "--out", out, "--resume", "--batch", "50"])
            #expect((run.status, run.errors) == (0, ""), "kept \(kept)")
            #expect(try text(out) == Self.answer, "kept \(kept)")
        }
        let lines = folder.url.appendingPathComponent("out.ndjson").path
        try FileManager.default.removeItem(atPath: out)
        #expect(try infer(["--model", "echo", input, "--out", lines, "--as", "ndjson"]).status == 0)
        let whole = try text(lines)
        let kept = whole.split(separator: "\n", omittingEmptySubsequences: false).prefix(20).joined(separator: "\n")
        try (kept + "\n{\"end\":\"failed\"}\n").write(toFile: lines, atomically: true, encoding: .utf8)
        #expect(try infer(["--model", "echo", input, "--out", lines, "--as", "ndjson", "--resume"]).status == 0)
        #expect(try text(lines) == whole)
    }

    @Test func wrongRowsAreTold() throws {
        let input = try file("rows.csv", "1,2\n3,x\n5,6\n")
        let failed = try infer(["--model", "echo", input, "--batch", "1"])
        #expect(failed.status == 1)
        #expect(failed.output == "x_0,x_1\r\n1,2\r\n")
        #expect(failed.errors.contains("row 2, column 2 (line 2): \"x\" is not a number"))
        #expect(failed.errors.contains("go on with offset=1"))
        let skipped = try infer(["--model", "echo", input, "--errors", "skip"])
        #expect(skipped.status == 2)
        #expect(skipped.errors == "1 of 3 rows got errors\n")
        #expect(skipped.output.split(separator: "\r\n").count == 4)
    }

    @Test func otherFilesAreOneRequest() throws {
        let json = try file("rows.json", #"{"x": [[1, 2]]}"#)
        let run = try infer(["--model", "echo", json])
        #expect(run.status == 0)
        #expect(run.output.contains(#""outputs":{"x":[[1,2]]}"#))
        let csv = try infer(["--model", "echo", json, "--as", "csv"])
        #expect(csv.output == "x_0,x_1\r\n1,2\r\n")
        #expect(try infer(["--model", "echo", json, "--batch", "5"]).status == 64)
    }

    @Test func whatIsWrongIsSaid() throws {
        let input = try file("rows.csv", "1,2\n")
        let unknown = try infer(["--model", "ecko", input])
        #expect(unknown.status == 1 && unknown.errors.contains("(404)"))
        #expect(try infer(["--model", "echo", folder.url.appendingPathComponent("none.csv").path]).status == 1)
        #expect(try infer(["--model", "echo", try file("rows.dat", "1,2\n")]).status == 64)
        #expect(try infer(["--model", "echo", input, "--resume"]).status == 64)
        #expect(try infer(["--model", "echo", input, "--batch", "0"]).status == 64)
        let nobody = try CommandRun(["infer", "--url", "http://127.0.0.1:1", "--model", "echo", input])
        #expect(nobody.status == 1 && nobody.errors.contains("nobody answers at 127.0.0.1:1"))
        let prefix = try CommandRun(
            ["infer", "--url", "http://127.0.0.1:\(gateway.port)/gate", "--model", "echo", input])
        #expect(prefix.status == 1 && prefix.errors.contains("(404)"))
    }
}
