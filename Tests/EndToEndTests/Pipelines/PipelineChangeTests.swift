import Foundation
import Testing

/// What becomes of a pipeline when its file or its steps' models change.
@Suite struct PipelineChangeTests {
    private static let rows = #"{"inputs": {"x": [[1, 2, 3]]}}"#

    private static func yaml(_ steps: String, version: Int = 1) -> String {
        """
        version: 1
        listeners:
          public: { address: LISTENER, serves: [inference] }
          ops: { address: LISTENER, serves: [admin, metrics] }
        models:
          first:
            plugin: echo
            config: { inputs: [{ name: x, datatype: FP32, shape: [-1, -1] }], outputs: [{ name: middle }] }
          second: { plugin: stub_faulty, version: "\(version)", config: { streams: false } }
          texts: { plugin: echo, config: { inputs: [{ name: middle, datatype: BYTES, shape: [-1] }] } }
          two:
            steps:
              - first
              - \(steps)
        auth: none
        routes:
          - { match: { model: two }, send: two }
          - { match: { model: texts }, send: texts }
          - { match: { model: second }, send: second }
        """
    }

    private static let good = "{ model: second, inputs: { INPUT0: middle }, outputs: { OUTPUT0: y } }"

    private func model(_ name: String, _ gateway: GatewayFixture, _ ops: Int) throws -> [String: Any]? {
        let models = try gateway.get("/admin/models", port: ops).json["models"] as? [[String: Any]]
        return models?.first { $0["name"] as? String == name }
    }

    private func calls(_ gateway: GatewayFixture) throws -> [String?] {
        let answer = try gateway.post("/v1/infer/two", Self.rows)
        let parameters = answer.json["parameters"] as? [String: Any]
        return [parameters?["calls"] as? String, parameters?["version"] as? String]
    }

    @Test func itFollowsItsStepsModels() throws {
        let gateway = try GatewayFixture(Self.yaml(Self.good))
        let ops = try #require(gateway.ports["ops"])
        #expect(try model("two", gateway, ops)?["steps"] as? [String] == ["first", "second"])
        #expect(try calls(gateway) == ["1", "1"])
        #expect(try calls(gateway) == ["2", "1"])

        let swap = try gateway.request("POST", "/admin/models/second/swap", port: ops)
        #expect(
            swap.json["changes"] as? [String] == [
                "~ models.second: loaded anew", "~ models.two: made anew of its steps",
            ])
        #expect(try calls(gateway) == ["1", "1"], "the new one answers")

        #expect(try gateway.request("POST", "/admin/models/second/unload", port: ops).status == 200)
        let refused = try gateway.post("/v1/infer/two", Self.rows)
        #expect(refused.code == "model_unavailable", "\(refused.text)")
        #expect(try model("two", gateway, ops)?["ready"] as? Bool == false)
        #expect(try model("two", gateway, ops)?["reason"] as? String == #"its step 2, model "second", isn't loaded"#)
        #expect(try gateway.get("/v2/health/ready").status == 503)
        // What somebody unloaded doesn't keep another revision from coming.
        #expect(try gateway.request("POST", "/admin/reload", port: ops).status == 200)
        #expect(try gateway.request("POST", "/admin/models/second/load", port: ops).status == 200)
        #expect(try calls(gateway) == ["1", "1"])

        try gateway.write(Self.yaml(Self.good, version: 2))
        #expect(try gateway.request("POST", "/admin/reload", port: ops).status == 200)
        #expect(try calls(gateway) == ["1", "2"])

        // The pipeline by itself goes and comes, and leaves its steps' models as they are.
        #expect(try gateway.request("POST", "/admin/models/two/unload", port: ops).status == 200)
        #expect(try gateway.post("/v1/infer/two", Self.rows).code == "model_unavailable")
        #expect(try gateway.request("POST", "/admin/models/two/load", port: ops).status == 200)
        #expect(try calls(gateway) == ["2", "2"])
    }

    @Test func aReloadThatDoesNotFitChangesNothing() throws {
        let gateway = try GatewayFixture(Self.yaml(Self.good))
        let ops = try #require(gateway.ports["ops"])
        try gateway.write(Self.yaml("{ model: texts }"))
        let refused = try gateway.request("POST", "/admin/reload", port: ops)
        #expect(refused.status == 409, "\(refused.text)")
        #expect(refused.text.contains(#"step 2 (\"texts\") takes \"middle\" as BYTES[-1]"#), "\(refused.text)")
        #expect(try calls(gateway) == ["1", "1"])
    }

    @Test func checkFindsWithTheModelsWhatDoesNotFit() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-check-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("gateway.yaml")
        let text = Self.yaml("{ model: second, inputs: { INPUT0: midle }, outputs: { OUTPUT0: y } }")
        try text.replacingOccurrences(of: "LISTENER", with: "\"127.0.0.1:0\"")
            .write(to: file, atomically: true, encoding: .utf8)
        #expect(try CommandRun(["check", file.path]).status == 0)
        let run = try CommandRun(["check", file.path, "--load"])
        #expect(run.status == 1)
        #expect(
            run.output.contains(
                #"""
                gateway.yaml:14:44: error: no step before step 2 ("second") makes "midle", which it takes as "INPUT0"
                """#), "\(run.output)")
        #expect(run.output.contains(#"did you mean "middle"?"#))
        #expect(!run.output.contains("can't be loaded"), "said once: \(run.output)")
        // A start says the same.
        #expect(throws: GatewayFixture.StartFailure.self) { _ = try GatewayFixture(text) }
    }

    @Test func explainSaysWhatItIsMadeOf() throws {
        let gateway = try GatewayFixture(Self.yaml(Self.good))
        let run = try CommandRun(["explain", gateway.file.path, "--model", "two"])
        #expect(run.output.contains(#"model "two" version 1, made of "first", "second""#), "\(run.output)")
        #expect(
            run.output.contains(
                #"2. model "second", by plugin "stub_faulty", takes "middle" as its "INPUT0", makes "y" as its "OUTPUT0""#
            ),
            "\(run.output)")
    }
}
