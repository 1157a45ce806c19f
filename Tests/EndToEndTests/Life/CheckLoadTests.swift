import Foundation
import Testing

/// `sluice check --load`: what a start would find out about the models, without serving any.
@Suite struct CheckLoadTests {
    private func check(_ models: String, fallback: String, _ more: String...) throws -> CommandRun {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-check-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("gateway.yaml")
        try """
        version: 1
        listeners: { public: { address: "127.0.0.1:0" } }
        models:
        \(models)
        auth: none
        routes:
          - { match: { model: m }, send: first, fallback: [{ when: any, model: \(fallback) }] }
        """.write(to: file, atomically: true, encoding: .utf8)
        return try CommandRun(["check", file.path] + more)
    }

    private static let stub = "  first: { plugin: stub_faulty }"
    private static let other = """
          second:
            plugin: baseline
            config:
              input: { name: INPUT0, datatype: FP32, shape: [2] }
              classes: [a, b]
              outputs: { label: label }
        """

    @Test func modelsThatDifferAreFoundOnlyWithIt() throws {
        let models = "\(Self.stub)\n\(Self.other)"
        let without = try check(models, fallback: "second")
        #expect(without.status == 0, "\(without.output)")
        let with = try check(models, fallback: "second", "--load")
        #expect(with.status == 1)
        #expect(
            with.output.contains(#"error: route "m": fallback "second" can't stand in for "first""#), "\(with.output)")
        #expect(with.output.contains("gateway.yaml:13:"))
        let json = try check(models, fallback: "second", "--load", "--format", "json")
        #expect(json.status == 1 && json.output.contains(#""severity":"error""#), "\(json.output)")
    }

    @Test func aModelThatCannotBeLoadedIsNamed() throws {
        let models =
            "\(Self.stub)\n  second: { plugin: stub_faulty, config: { behaviour: load-fails, message: no such luck } }"
        #expect(try check(models, fallback: "second").status == 0)
        let run = try check(models, fallback: "second", "--load")
        #expect(run.status == 1)
        #expect(run.output.contains(#"error: model "second" can't be loaded: "#), "\(run.output)")
        #expect(run.output.contains("no such luck"))
    }

    @Test(arguments: ["in-process", "process"]) func goodModelsAreGood(isolation: String) throws {
        let models = "\(Self.stub)\n  second: { plugin: stub_faulty, isolation: \(isolation) }"
        let run = try check(models, fallback: "second", "--load")
        #expect(run.status == 0, "\(run.output) \(run.errors)")
        #expect(run.output.contains("2 models, 1 route,") && run.output.contains(": good"), "\(run.output)")
        // Nothing of a log comes between.
        #expect(run.errors.isEmpty, "\(run.errors)")
    }
}
