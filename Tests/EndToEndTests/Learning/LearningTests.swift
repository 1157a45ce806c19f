import Foundation
import Glibc
import Testing

/// A model that learns while it serves, in the gateway and in a process of its own, and what becomes of what it learned.
@Suite struct LearningTests {
    static let modes = ["in-process", "process"]

    private static func yaml(_ isolation: String, version: Int = 1, more: String = "") -> String {
        """
        version: 1
        listeners:
          public: { address: LISTENER }
          ops: { address: LISTENER, serves: [admin] }
        models:
          flowers:
            plugin: centroid
            isolation: \(isolation)
            version: "\(version)"
            config: { features: 2, classes: [low, high] }
            \(more)
          deaf: { plugin: echo }
        auth: none
        """
    }

    private static let lesson = #"""
        {"inputs": {"x": [[1, 1], [3, 3], [10, 10], [12, 12]]}, "labels": {"label": ["low", "low", "high", "high"]}}
        """#

    private func teach(_ gateway: GatewayFixture, _ body: String, model: String = "flowers") throws -> Response {
        try gateway.request(
            "POST", "/admin/models/\(model)/learn", headers: ["Content-Type": "application/json"],
            body: Array(body.utf8), port: gateway.ports["ops"])
    }

    private func outputs(_ gateway: GatewayFixture, _ x: String) throws -> [String: Any] {
        try gateway.post("/v1/infer/flowers", "{\"x\": \(x)}").json["outputs"] as? [String: Any] ?? [:]
    }

    private func labels(_ gateway: GatewayFixture, _ x: String) throws -> [String] {
        try outputs(gateway, x)["label"] as? [String] ?? []
    }

    /// The answer to what only the lesson can have taught.
    private func knowsTheLesson(_ gateway: GatewayFixture) throws -> Bool {
        try outputs(gateway, "[[2, 2], [11, 11]]")["distances"] as? [[Double]] == [[0, 162], [162, 0]]
    }

    @Test(arguments: modes) func lessonChangesAnswers(isolation: String) throws {
        let gateway = try GatewayFixture(Self.yaml(isolation))
        #expect(try labels(gateway, "[[9, 9]]") == ["low"], "of two means at zero the first")
        let answer = try teach(gateway, Self.lesson)
        #expect(answer.status == 200, "\(answer.text)")
        #expect(answer.json["model"] as? String == "flowers")
        #expect((answer.json["parameters"] as? [String: Any])?["revision"] as? String == "1")
        #expect(answer.json["state_bytes"] as? Int == 8 + 24 + 256 + 16 + 32 + 8)
        #expect(try labels(gateway, "[[9, 9], [0, 1]]") == ["high", "low"])
        #expect(try knowsTheLesson(gateway))
        // A correction that counts for as much as all before it.
        let heavy = #"{"inputs": {"x": [[4, 2]]}, "labels": {"label": ["low"]}, "weight": 2, "subject_id": "r-1"}"#
        #expect(
            (try teach(gateway, heavy).json["parameters"] as? [String: Any])?["revision"] as? String == "2")
        #expect(try outputs(gateway, "[[3, 2]]")["distances"] as? [[Double]] == [[0, 145]])
        gateway.terminate()
        #expect(gateway.waitForExit() == 0)
        #expect(!gateway.log.contains("contract"), "\(gateway.log)")
    }

    @Test(arguments: modes) func whatWasLearnedOutlivesReloadsAndSwaps(isolation: String) throws {
        let gateway = try GatewayFixture(Self.yaml(isolation))
        let ops = try #require(gateway.ports["ops"])
        #expect(try teach(gateway, Self.lesson).status == 200)
        try gateway.write(Self.yaml(isolation, version: 2))
        #expect(try gateway.request("POST", "/admin/reload", port: ops).json["loaded"] as? [String] == ["flowers"])
        #expect(try gateway.post("/v1/infer/flowers", #"{"x": [[2, 2]]}"#).json["version"] as? String == "2")
        #expect(try knowsTheLesson(gateway))
        #expect(try gateway.request("POST", "/admin/models/flowers/swap", port: ops).status == 200)
        #expect(try knowsTheLesson(gateway))
        #expect(
            (try teach(gateway, Self.lesson).json["parameters"] as? [String: Any])?["revision"] as? String == "2")

        // What can't go on from the old one's state doesn't take its place.
        try gateway.write(Self.yaml(isolation, version: 3).replacingOccurrences(of: "features: 2", with: "features: 3"))
        let refused = try gateway.request("POST", "/admin/reload", port: ops)
        #expect(
            refused.status == 409 && refused.error?.contains("can't go on from its state") == true, "\(refused.text)")
        #expect(try knowsTheLesson(gateway))

        // Unloading is forgetting, where no file keeps it.
        try gateway.write(Self.yaml(isolation, version: 2))
        #expect(try gateway.request("POST", "/admin/models/flowers/unload", port: ops).status == 200)
        #expect(try gateway.request("POST", "/admin/models/flowers/load", port: ops).status == 200)
        #expect(try outputs(gateway, "[[3, 0]]")["distances"] as? [[Double]] == [[9, 9]])
    }

    @Test func whatWasLearnedOutlivesACrash() throws {
        let gateway = try GatewayFixture(Self.yaml("process"))
        #expect(try teach(gateway, Self.lesson).status == 200)
        let runners = gateway.runners
        #expect(runners.count == 1)
        for runner in runners { kill(try #require(Int32(runner)), SIGKILL) }
        _ = try gateway.waitForLog("runner ended")
        #expect(try knowsTheLesson(gateway))
        #expect(
            (try teach(gateway, Self.lesson).json["parameters"] as? [String: Any])?["revision"] as? String == "2")
    }

    @Test(arguments: modes) func fileKeepsWhatWasLearnedOverTheGatewaysEnd(isolation: String) throws {
        let scratch = try ScratchFolder()
        let file = scratch.url.appendingPathComponent("flowers.state")
        let yaml = Self.yaml(isolation, more: "state: \(file.path)")
        let first = try GatewayFixture(yaml)
        #expect(!FileManager.default.fileExists(atPath: file.path))
        #expect(try teach(first, Self.lesson).status == 200)
        #expect(try Data(contentsOf: file).count == 344, "it is there as soon as the lesson is answered")
        kill(first.processID, SIGKILL)
        _ = first.waitForExit()

        let second = try GatewayFixture(yaml)
        #expect(try knowsTheLesson(second))
        try FileManager.default.removeItem(at: file)
        second.terminate()
        #expect(second.waitForExit() == 0)
        #expect(try Data(contentsOf: file).count == 344, "and written once more at the end")

        try Data("nonsense".utf8).write(to: file)
        let third = try GatewayFixture(yaml)
        #expect(try third.post("/v1/infer/flowers", #"{"x": [[2, 2]]}"#).status == 503)
        #expect(try third.waitForLog("model not loaded")["kind"] as? String == "state_refused")
    }

    @Test(arguments: modes) func lessonsAndRequestsDoNotDisturbEachOther(isolation: String) throws {
        let gateway = try GatewayFixture(Self.yaml(isolation))
        #expect(try teach(gateway, Self.lesson).status == 200)
        // The same means again and again: while a lesson is learned, no answer may see half of it.
        let load = Load(
            port: gateway.port, connections: 4, path: "/v1/infer/flowers", body: #"{"x": [[2, 2], [11, 11]]}"#
        ) { response in
            let outputs = response.json["outputs"] as? [String: Any]
            return outputs?["distances"] as? [[Double]] == [[0, 162], [162, 0]]
                ? nil : "\(response.status) \(response.text.prefix(300))"
        }
        load.waitForAnswers(20)
        for number in 2...40 {
            let answer = try teach(gateway, Self.lesson)
            #expect((answer.json["parameters"] as? [String: Any])?["revision"] as? String == "\(number)")
        }
        let outcome = load.stop()
        #expect(outcome.failureCount == 0, "\(outcome.failures)")
        #expect(outcome.answers > 20)
    }

    @Test(arguments: modes) func whatCannotBeLearnedIsRefusedAndLeavesNoTrace(isolation: String) throws {
        let gateway = try GatewayFixture(Self.yaml(isolation))
        #expect(try teach(gateway, Self.lesson).status == 200)
        let refusals: [(body: String, status: Int, text: String)] = [
            ("", 400, "empty"),
            ("[]", 400, "a lesson is an object"),
            ("{", 400, "end"),
            ("{}", 400, "the lesson has no \"inputs\""),
            (#"{"inputs": {"x": [[1]]}}"#, 400, "inputs: "),
            (#"{"inputs": {"y": [[1, 2]]}}"#, 400, "inputs: "),
            (#"{"inputs": {"x": [[1, 2]]}, "label": {}}"#, 400, "a lesson has no \"label\""),
            (#"{"inputs": {"x": [[1, 2]]}, "inputs": {"x": [[1, 2]]}}"#, 400, "comes twice"),
            (#"{"inputs": {"x": [[1, 2]]}, "labels": {"kind": ["low"]}}"#, 400, "no output \"kind\" that a label"),
            (#"{"inputs": {"x": [[1, 2]]}, "labels": {"label": [7]}}"#, 400, "labels: "),
            (#"{"inputs": {"x": [[1, 2]]}, "weight": -1}"#, 400, "\"weight\" must be a number"),
            (#"{"inputs": {"x": [[1, 2]]}, "timeout_ms": "soon"}"#, 400, "\"timeout_ms\" must be a number"),
            // What the model itself says.
            (#"{"inputs": {"x": [[1, 2]]}}"#, 400, "needs the label"),
            (#"{"inputs": {"x": [[1, 2]]}, "labels": {"label": ["low", "high"]}}"#, 400, "2 labels for 1 examples"),
            (#"{"inputs": {"x": [[1, 2]]}, "labels": {"label": ["odd"]}}"#, 400, "none of the model's classes"),
        ]
        for (body, status, text) in refusals {
            let answer = try teach(gateway, body)
            #expect(answer.status == status && answer.error?.contains(text) == true, "\(body): \(answer.text)")
        }
        #expect(try knowsTheLesson(gateway))
        let deaf = try teach(gateway, #"{"inputs": {"INPUT0": [1]}}"#, model: "deaf")
        #expect(deaf.status == 501 && deaf.code == "model_unimplemented", "\(deaf.text)")
        #expect(try teach(gateway, Self.lesson, model: "nobody").status == 404)
        #expect(try gateway.request("POST", "/admin/models/flowers/learn").status == 404, "not for consumers")
    }

    @Test func copiesOfAModelDoNotLearn() throws {
        let gateway = try GatewayFixture(Self.yaml("process", more: "instances: 2"))
        let answer = try teach(gateway, Self.lesson)
        #expect(answer.status == 409 && answer.error?.contains("2 instances") == true, "\(answer.text)")
    }

    @Test func modelThatKeepsNothingHasNoFile() throws {
        let scratch = try ScratchFolder()
        let gateway = try GatewayFixture(
            Self.yaml("process").replacingOccurrences(
                of: "deaf: { plugin: echo }", with: "deaf: { plugin: echo, state: \(scratch.url.path)/s }"))
        let line = try gateway.waitForLog("model not loaded")
        #expect((line["reason"] as? String)?.contains("doesn't offer sluice.state/1") == true)
    }

    @Test func commandTeachesFromFiles() throws {
        let gateway = try GatewayFixture(Self.yaml("process"))
        let scratch = try ScratchFolder()
        func file(_ name: String, _ text: String) throws -> String {
            let url = scratch.url.appendingPathComponent(name)
            try text.write(to: url, atomically: true, encoding: .utf8)
            return url.path
        }
        func learn(_ arguments: String...) throws -> CommandRun {
            let ops = try #require(gateway.ports["ops"])
            return try CommandRun(["model", "learn", "flowers", "--admin", "127.0.0.1:\(ops)"] + arguments)
        }
        let table = try learn(
            "--input", file("x.csv", "1,1\n3,3\n10,10\n12,12\n"),
            "--label", "label=\(try file("y.csv", "low\nlow\nhigh\nhigh\n"))")
        #expect(table.status == 0 && table.output.contains("flowers learned"), "\(table)")
        #expect(table.output.contains("its state has 344 bytes") && table.output.contains("revision: 1"), "\(table)")
        #expect(try knowsTheLesson(gateway))
        let inline = try learn(
            "--input", #"{"x": [[4, 2]]}"#, "--label", try file("y.json", #"{"label": ["low"]}"#), "--weight", "2")
        #expect(inline.status == 0 && inline.output.contains("revision: 2"), "\(inline)")
        #expect(try outputs(gateway, "[[3, 2]]")["distances"] as? [[Double]] == [[0, 145]])
        let refused = try learn("--input", "[[1, 2]]", "--label", #"{"label": ["odd"]}"#)
        #expect(refused.status == 1 && refused.errors.contains("none of the model's classes"), "\(refused)")
        let nothing = try learn("--label", "{}")
        #expect(nothing.status != 0 && nothing.errors.contains("--input"), "\(nothing)")
        let gone = try learn("--input", "no/such/file.npy")
        #expect(gone.status != 0 && gone.errors.contains("no/such/file.npy"), "\(gone)")
    }
}
