import Foundation
import Testing

/// The admin listener, the commands that talk to it, and the Open Inference repository API.
@Suite(.serialized) struct AdminTests {
    private static let body = #"{"inputs": {"INPUT0": [[1, 2, 3]]}}"#
    private static let key = "slk_ops_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ"
    /// SHA-256 of `key`.
    private static let hash = "e970b8cea1e4f7887b6b92bf101d684fa6c13fc2550ff87a4c349819c1720beb"

    private static func yaml(
        version: Int = 1, config: String = "{}", ops: String = "serves: [admin, repository, metrics]", more: String = ""
    ) -> String {
        """
        version: 1
        listeners:
          public: { address: LISTENER, serves: [inference] }
          ops: { address: LISTENER, \(ops) }
        models:
          m: { plugin: stub_faulty, version: "\(version)", config: \(config) }
          team/n: { plugin: stub_faulty }
        auth: none
        \(more)
        """
    }

    private func gateway(_ yaml: String = AdminTests.yaml(), environment: [String: String] = [:]) throws -> (
        GatewayFixture, Int
    ) {
        let gateway = try GatewayFixture(yaml, environment: environment)
        return (gateway, try #require(gateway.ports["ops"]))
    }

    private func version(_ gateway: GatewayFixture) throws -> String? {
        try gateway.post("/v1/infer/m", Self.body).json["version"] as? String
    }

    @Test func reloadAnswersWithTheRevisionAndWhatChanged() throws {
        let (gateway, ops) = try gateway()
        try gateway.write(Self.yaml(version: 2))
        let answer = try gateway.request("POST", "/admin/reload", port: ops)
        #expect(answer.status == 200)
        #expect(answer.json["revision"] as? Int == 2)
        #expect((answer.json["hash"] as? String)?.count == 12)
        #expect(answer.json["changes"] as? [String] == [#"~ models.m.version: "1" -> "2""#])
        #expect(answer.json["loaded"] as? [String] == ["m"])
        #expect(answer.json["retired"] as? [String] == ["m"])
        #expect(try version(gateway) == "2")

        try gateway.write(Self.yaml(version: 3, more: "drian: 3s"))
        let refused = try gateway.request("POST", "/admin/reload", port: ops)
        #expect(refused.status == 409)
        #expect(refused.code == "change_refused")
        #expect(refused.error?.contains("unknown key \"drian\"") == true)
        let detail = refused.json["detail"] as? [String: Any]
        #expect(detail?["stage"] as? String == "check")
        #expect(detail?["serving"] as? Int == 2)
        #expect((detail?["diagnostics"] as? [String])?.count == 1)
        #expect(try version(gateway) == "2")
    }

    @Test func modelsAreListedUnloadedLoadedAndSwapped() throws {
        let (gateway, ops) = try gateway()
        func model(_ name: String) throws -> [String: Any]? {
            let models = try gateway.get("/admin/models", port: ops).json["models"] as? [[String: Any]]
            return models?.first { $0["name"] as? String == name }
        }
        func calls() throws -> String? {
            let answer = try gateway.post("/v1/infer/m", Self.body)
            return (answer.json["parameters"] as? [String: Any])?["calls"] as? String
        }
        #expect(try model("m")?["ready"] as? Bool == true)
        #expect((try model("m")?["plugin_sha256"] as? String)?.count == 64)
        #expect(try calls() == "1")

        #expect(try gateway.request("POST", "/admin/models/m/unload", port: ops).status == 200)
        #expect(try model("m")?["ready"] as? Bool == false)
        #expect(try model("m")?["reason"] as? String == "it was unloaded")
        #expect(try gateway.post("/v1/infer/m", Self.body).code == "model_unavailable")
        #expect(try gateway.get("/v2/health/ready").status == 503)
        _ = try gateway.waitForLog("model freed")
        // It is down because somebody wanted it so: reading the file again doesn't change that.
        #expect(try gateway.request("POST", "/admin/reload", port: ops).status == 200)
        #expect(try model("m")?["ready"] as? Bool == false)

        #expect(try gateway.request("POST", "/admin/models/m/load", port: ops).json["loaded"] as? [String] == ["m"])
        #expect(try calls() == "1", "a new instance")
        #expect(try calls() == "2")
        #expect(try gateway.request("POST", "/admin/models/m/load", port: ops).json["loaded"] as? [String] == [])
        #expect(try calls() == "3", "it was loaded already")
        let swap = try gateway.request("POST", "/admin/models/m/swap", port: ops)
        #expect(swap.json["changes"] as? [String] == ["~ models.m: loaded anew"])
        #expect(try calls() == "1")

        #expect(try gateway.request("POST", "/admin/models/team/n/swap", port: ops).status == 200)
        let unknown = try gateway.request("POST", "/admin/models/x/swap", port: ops)
        #expect(unknown.status == 404 && unknown.code == "model_not_found")
        #expect(try gateway.request("GET", "/admin/models/m/swap", port: ops).status == 405)
    }

    @Test func repositoryAPILoadsAndUnloads() throws {
        let (gateway, ops) = try gateway()
        func index(_ body: String = "") throws -> [[String: Any]] {
            let answer = try gateway.request("POST", "/v2/repository/index", body: Array(body.utf8), port: ops)
            #expect(answer.status == 200)
            return (try JSONSerialization.jsonObject(with: Data(answer.body))) as? [[String: Any]] ?? []
        }
        #expect(try index().map { $0["name"] as? String } == ["m", "team/n"])
        #expect(try index().allSatisfy { $0["state"] as? String == "READY" })
        let unload = try gateway.request(
            "POST", "/v2/repository/models/m/unload", body: Array(#"{"parameters":{"unload_dependents":false}}"#.utf8),
            port: ops)
        #expect(unload.status == 200 && unload.text == "{}")
        #expect(try index().first?["state"] as? String == "UNAVAILABLE")
        #expect(try index(#"{"ready": true}"#).count == 1)
        #expect(try gateway.request("POST", "/v2/repository/models/m/load", port: ops).status == 200)
        #expect(try gateway.request("POST", "/v2/repository/models/team%2Fn/load", port: ops).status == 200)
        #expect(try index().allSatisfy { $0["state"] as? String == "READY" })

        #expect(try gateway.request("POST", "/v2/repository/models/x/load", port: ops).code == "model_not_found")
        let parameters = try gateway.request(
            "POST", "/v2/repository/models/m/load", body: Array(#"{"parameters":{"config":"{}"}}"#.utf8), port: ops)
        #expect(parameters.status == 400 && parameters.code == "invalid_parameter")
        #expect(
            try gateway.request("POST", "/v2/repository/index", body: Array("{".utf8), port: ops).code
                == "malformed_body")
        // Only where the file says so: elsewhere consumers see what there is, and change nothing.
        #expect(try gateway.request("POST", "/v2/repository/index").status == 200)
        #expect(try gateway.request("POST", "/v2/repository/models/m/unload").code == "model_unimplemented")
        #expect(try index().allSatisfy { $0["state"] as? String == "READY" })
        #expect(try gateway.request("POST", "/admin/reload").status == 404)
    }

    @Test func administrationWithoutKeysIsForProgramsOnThisMachine() throws {
        let (gateway, ops) = try gateway()
        #expect(try gateway.get("/admin", headers: ["Origin": "http://evil.example"], port: ops).status == 403)
        #expect(try gateway.get("/admin", headers: ["Sec-Fetch-Site": "same-origin"], port: ops).status == 403)
        let connection = try RawConnection(port: ops)
        connection.send("POST /admin/reload HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 0\r\n\r\n")
        #expect(try connection.response().code == "forbidden")
        connection.send("GET /admin HTTP/1.1\r\nHost: localhost:\(ops)\r\n\r\n")
        #expect(try connection.response().status == 200)
        connection.send("GET /admin HTTP/1.1\r\nHost: [::1]\r\n\r\n")
        #expect(try connection.response().status == 200)
    }

    /// A page whose name leads here (DNS rebinding) says so over HTTP/2 as well, in plain requests and in gRPC's.
    @Test func administrationWithoutKeysKnowsOtherNamesOverHTTP2() throws {
        let (gateway, ops) = try gateway()
        defer { withExtendedLifetime(gateway) {} }
        let peer = try HTTP2Peer(port: ops)
        func status(_ stream: Int, _ fields: [(String, String)]) throws -> String? {
            let pseudo = [(":method", "GET"), (":scheme", "http"), (":path", "/admin")]
            peer.sendHeaders(HTTP2Peer.block(pseudo + fields), on: stream, end: true)
            return try peer.next { $0.stream == stream && $0.type == HTTP2Peer.Kind.headers }?.field(":status")
        }
        #expect(try status(1, [(":authority", "evil.example:\(ops)")]) == "403")
        #expect(try status(3, [("host", "evil.example")]) == "403")
        #expect(try status(5, [(":authority", "localhost:\(ops)")]) == "200")
        #expect(try status(7, [(":authority", "[::1]")]) == "200")

        for (stream, authority, expected) in [(9, "evil.example", 7), (11, "127.0.0.1", 0)] {
            let fields = [
                (":method", "POST"), (":scheme", "http"), (":path", GRPCTests.service + "RepositoryIndex"),
                (":authority", authority), ("content-type", "application/grpc"), ("te", "trailers"),
            ]
            peer.sendHeaders(HTTP2Peer.block(fields), on: stream)
            peer.send(HTTP2Peer.Kind.data, HTTP2Peer.endStream, stream, HTTP2Peer.message([]))
            #expect(try GRPCTests.outcome(of: stream, peer).status == expected, "\(authority)")
        }
    }

    @Test func administrationWithKeysWantsOne() throws {
        let keyed = Self.yaml(more: "admin: { keys: [{ id: ops, hash: \"sha256:\(Self.hash)\" }] }")
        let (gateway, ops) = try gateway(keyed)
        let without = try gateway.request("POST", "/admin/reload", port: ops)
        #expect(without.status == 401)
        #expect(without.headers["www-authenticate"] != nil)
        let wrong = try gateway.request(
            "POST", "/v2/repository/index", headers: ["Authorization": "Bearer \(Self.key)x"], port: ops)
        #expect(wrong.status == 401)
        let right = ["Authorization": "Bearer \(Self.key)"]
        #expect(try gateway.request("POST", "/admin/reload", headers: right, port: ops).status == 200)
        let line = try gateway.waitForLog("revision serves", count: 2)
        #expect(line["cause"] as? String == "admin ops")
        #expect(!gateway.log.contains(Self.key))
        #expect(try gateway.get("/metrics", port: ops).status == 200, "metrics need no key")

        let refused = try CommandRun(["reload", "--admin", "127.0.0.1:\(ops)"])
        #expect(refused.status == 1 && refused.errors.contains("an API key is needed"))
        let done = try CommandRun(
            ["reload", "--admin", "127.0.0.1:\(ops)"], environment: ["SLUICE_ADMIN_KEY": Self.key])
        #expect(done.status == 0, "\(done.errors)")
    }

    @Test func configurationIsShownWithoutSecrets() throws {
        let (gateway, ops) = try gateway(
            Self.yaml(config: "{ message: env:PLANTED }"), environment: ["PLANTED": "planted-secret-4711"])
        let answer = try gateway.get("/admin/config", port: ops)
        #expect(answer.status == 200)
        #expect(answer.text.contains("\"message\":\"env:PLANTED\""))
        #expect(answer.text.contains("\"queue\":256"))
        #expect(!answer.text.contains("4711"))
        try gateway.write(Self.yaml(version: 2, config: "{ message: env:PLANTED, for: 2s }"))
        #expect(!(try gateway.request("POST", "/admin/reload", port: ops).text.contains("4711")))
        #expect(!gateway.log.contains("4711"))
    }

    @Test func drainIsSeenInHealthAndNowhereElse() throws {
        let (gateway, ops) = try gateway()
        #expect(try gateway.get("/v2/health/ready").status == 200)
        #expect(try gateway.request("POST", "/admin/drain", port: ops).json["draining"] as? Bool == true)
        #expect(try gateway.get("/v2/health/ready").status == 503)
        #expect(try gateway.get("/v2/health/live").status == 200)
        #expect(try gateway.post("/v1/infer/m", Self.body).status == 200)
        #expect(try gateway.request("POST", "/admin/reload", port: ops).status == 200)
        #expect(try gateway.get("/v2/health/ready").status == 503, "a reload doesn't take it back")
        #expect(try gateway.request("POST", "/admin/undrain", port: ops).status == 200)
        #expect(try gateway.get("/v2/health/ready").status == 200)
    }

    @Test func logLevelChangesAtOnce() throws {
        let (gateway, ops) = try gateway()
        #expect(
            try gateway.request("POST", "/admin/log-level/error", port: ops).json["log_level"] as? String == "error")
        #expect(try gateway.request("POST", "/admin/reload", port: ops).status == 200)
        #expect(gateway.logLines("revision serves").count == 1, "that of the start")
        #expect(try gateway.request("POST", "/admin/log-level/info", port: ops).status == 200)
        #expect(try gateway.request("POST", "/admin/reload", port: ops).status == 200)
        #expect(try gateway.waitForLog("revision serves", count: 2)["revision"] as? String == "3")
        let wrong = try gateway.request("POST", "/admin/log-level/loud", port: ops)
        #expect(wrong.status == 400 && wrong.error?.contains("debug, info, warning, error") == true)
    }

    @Test func commandsTalkToTheListenerOfTheFile() throws {
        let (gateway, ops) = try gateway()
        let admin = ["--admin", "127.0.0.1:\(ops)"]
        let list = try CommandRun(["model", "list"] + admin)
        #expect(list.status == 0 && list.output.contains("m  version 1  ready") && list.output.contains("team/n"))
        #expect(try CommandRun(["model", "unload", "team/n"] + admin).status == 0)
        #expect(try CommandRun(["model", "list"] + admin).output.contains("down: it was unloaded"))
        #expect(try CommandRun(["model", "load", "team/n"] + admin).output.contains("loaded: team/n"))
        let unknown = try CommandRun(["model", "swap", "nothing"] + admin)
        #expect(unknown.status == 1 && unknown.errors.contains("there is no model \"nothing\""))

        try gateway.write(Self.yaml(version: 7))
        let reload = try CommandRun(["reload"] + admin)
        #expect(reload.status == 0 && reload.output.contains(#"~ models.m.version: "1" -> "7""#), "\(reload)")
        try gateway.write("version: 1\n")
        let refused = try CommandRun(["reload"] + admin)
        #expect(refused.status == 1)
        #expect(refused.errors.contains("the file has no models") && refused.errors.contains("goes on serving"))
        #expect(try CommandRun(["admin", "status"] + admin).output.contains("\"ready\" : true"))

        // Without --admin the file says where the listener is.
        let file = gateway.folder.appendingPathComponent("where.yaml")
        try Self.yaml().replacingOccurrences(
            of: "address: LISTENER, serves: [admin", with: "address: \"127.0.0.1:\(ops)\", serves: [admin"
        )
        .replacingOccurrences(of: "LISTENER", with: "\"127.0.0.1:0\"")
        .write(to: file, atomically: true, encoding: .utf8)
        #expect(try CommandRun(["model", "list", "--config", file.path]).output.contains("m  version 7  ready"))
        let nobody = try CommandRun(["model", "list", "--admin", "127.0.0.1:1"])
        #expect(nobody.status != 0 && nobody.errors.contains("no gateway answers at 127.0.0.1:1"))
    }

    @Test func signalByCommand() throws {
        let (gateway, _) = try gateway()
        try gateway.write(Self.yaml(version: 2))
        #expect(try CommandRun(["reload", "--pid", "\(gateway.processID)"]).status == 0)
        _ = try gateway.waitForLog("revision serves", count: 2)
        #expect(try version(gateway) == "2")
    }

    @Test func diffAndExplainNeedNoGateway() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-diff-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let old = folder.appendingPathComponent("old.yaml"), new = folder.appendingPathComponent("new.yaml")
        let text = Self.yaml().replacingOccurrences(of: "LISTENER", with: "\"127.0.0.1:0\"")
        try text.write(to: old, atomically: true, encoding: .utf8)
        try (text + "drain: 3s\n").write(to: new, atomically: true, encoding: .utf8)
        let diff = try CommandRun(["diff", old.path, new.path])
        #expect(diff.status == 1 && diff.output == "~ drain: \"25s\" -> \"3s\"\n")
        #expect(try CommandRun(["diff", old.path, old.path]).status == 0)
        let json = try CommandRun(["diff", old.path, new.path, "--format", "json"])
        #expect(json.output.contains(#""path":"drain""#))
        try "version: 2\n".write(to: new, atomically: true, encoding: .utf8)
        #expect(try CommandRun(["diff", old.path, new.path]).status == 2)

        let explained = try CommandRun(["explain", old.path, "--path", "/v2/models/team%2Fn/infer"])
        #expect(explained.status == 0 && explained.output.contains("model \"team/n\" version 1"), "\(explained)")
        let refused = try CommandRun(["explain", old.path, "--model", "x"])
        #expect(refused.status == 1 && refused.output.contains("404 model_not_found"))
    }
}
