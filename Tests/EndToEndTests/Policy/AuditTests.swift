import Foundation
import Testing

/// What a running gateway writes down, and what `sluice audit verify` makes of it.
struct AuditTests {
    private static let secret = "a key of thirty-two bytes or more"
    private static let environment = ["AUDIT_KEY": secret]

    private static func yaml(version: Int = 1, more: String = "") -> String {
        """
        version: 1
        listeners:
          public: { address: LISTENER }
          ops: { address: LISTENER, serves: [admin] }
        models:
          m: { plugin: stub_faulty, version: "\(version)", breaker: {} }
          other: { plugin: echo }
        auth: api_keys
        admin: { keys: [{ id: ops, hash: "sha256:\(PlantedKey.five.hash)" }] }
        consumers:
          acme: { keys: [{ id: k1, hash: "sha256:\(PlantedKey.acme.hash)" }], allow: { models: [m] } }
        audit: { file: ./audit.log, key: env:AUDIT_KEY }
        \(more)
        """
    }

    private static func path(_ gateway: GatewayFixture) -> String {
        gateway.folder.appendingPathComponent("audit.log").path
    }

    private func records(_ gateway: GatewayFixture) -> [[String: Any]] {
        let text = (try? String(contentsOfFile: Self.path(gateway), encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap {
            try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
        }
    }

    private func verify(_ gateway: GatewayFixture, _ more: String...) throws -> CommandRun {
        try CommandRun(
            ["audit", "verify", Self.path(gateway), "--key", "env:AUDIT_KEY"] + more, environment: Self.environment)
    }

    @Test func everyActionIsWrittenDownWithWhoDidIt() throws {
        let gateway = try GatewayFixture(Self.yaml(), environment: Self.environment)
        let ops = try #require(gateway.ports["ops"])
        let admin = ["Authorization": "Bearer \(PlantedKey.five.text)"]
        for path in [
            "/admin/models/m/swap", "/admin/models/m/unload", "/admin/models/m/load", "/admin/breakers/m/open",
            "/admin/breakers/m/close", "/admin/drain", "/admin/undrain", "/admin/log-level/warning",
        ] {
            #expect(try gateway.request("POST", path, headers: admin, port: ops).status == 200, "\(path)")
        }
        try gateway.write(Self.yaml(version: 2))
        #expect(try gateway.request("POST", "/admin/reload", headers: admin, port: ops).status == 200)
        try gateway.write("version: 7")
        #expect(try gateway.request("POST", "/admin/reload", headers: admin, port: ops).status == 409)
        // Ten guesses from one address are one record and a count; so are ten wishes for what one may not have.
        for _ in 0..<10 {
            #expect(try gateway.get("/v1/models", headers: ["Authorization": "Bearer slk_x_guess"]).status == 401)
            let key = ["Authorization": "Bearer \(PlantedKey.acme.text)"]
            #expect(try gateway.post("/v1/infer/other", "[[1]]", headers: key).status == 404)
        }
        #expect(try gateway.request("POST", "/admin/drain", port: ops).status == 401)
        let status = try gateway.get("/admin", headers: admin, port: ops).json["audit"] as? [String: Any]
        let head = try #require(status?["head"] as? String)
        gateway.terminate()
        #expect(gateway.waitForExit() == 0)

        let records = records(gateway)
        let events = records.map { record in
            [record["event"], record["action"], record["drains"].map { "\($0)" }, record["level"]]
                .compactMap { $0 as? String }.joined(separator: " ")
        }
        #expect(
            events.prefix(12) == [
                "opened", "change start", "change swap", "change unload", "change load", "breaker open",
                "breaker close",
                "drain 1", "drain 0", "log_level warning", "change reload", "change reload",
            ], "\(events)")
        #expect(events.last == "closed" && records.last?["reason"] as? String == "SIGTERM")
        #expect(records[2]["by"] as? String == "admin ops" && records[2]["model"] as? String == "m")
        let (done, refused) = (records[10], records[11])
        #expect(done["was_revision"] as? Int == 4 && done["revision"] as? Int == 5 && done["done"] as? Bool == true)
        #expect(done["changes"] as? [String] == [#"~ models.m.version: "1" -> "2""#])
        #expect(refused["done"] as? Bool == false && refused["stage"] as? String == "check")

        let failures = records.filter { $0["event"] as? String == "auth_failure" }
        #expect(failures.first?["address"] as? String == "127.0.0.1")
        #expect(failures.compactMap { $0["more"] as? Int } == [9])
        let denials = records.filter { $0["event"] as? String == "denied" }
        #expect(denials.first?["consumer"] as? String == "acme" && denials.first?["model"] as? String == "other")
        #expect(denials.first?["hidden"] as? Bool == true && denials.compactMap { $0["more"] as? Int } == [9])

        let good = try verify(gateway, "--head", head)
        #expect(good.status == 0, "\(good.output) \(good.errors)")
        #expect(good.output.hasPrefix("good: records 1 to \(records.count)\n"), "\(good.output)")
        let byFile = try CommandRun(
            ["audit", "verify", "--config", gateway.file.path], environment: Self.environment)
        // The file has a mistake now, and so names no log.
        #expect(byFile.status == 1)
        try gateway.write(Self.yaml())
        #expect(
            try CommandRun(["audit", "verify", "--config", gateway.file.path], environment: Self.environment).status
                == 0)
    }

    @Test func verifyNamesTheFirstBrokenLine() throws {
        let gateway = try GatewayFixture(Self.yaml(), environment: Self.environment)
        let ops = try #require(gateway.ports["ops"])
        let admin = ["Authorization": "Bearer \(PlantedKey.five.text)"]
        for _ in 0..<4 { _ = try gateway.request("POST", "/admin/drain", headers: admin, port: ops) }
        gateway.terminate()
        #expect(gateway.waitForExit() == 0)
        let path = Self.path(gateway)
        let whole = try String(contentsOfFile: path, encoding: .utf8)
        var lines = whole.split(separator: "\n").map(String.init)
        #expect(lines.count == 7)

        func broken(_ lines: [String], _ text: String) throws {
            try lines.map { $0 + "\n" }.joined().write(toFile: path, atomically: true, encoding: .utf8)
            let run = try verify(gateway)
            #expect(run.status == 1)
            #expect(run.output.hasPrefix("\(path):\(text)"), "\(run.output)")
        }
        var changed = lines
        changed[3] = changed[3].replacingOccurrences(of: "admin ops", with: "admin eve")
        try broken(changed, "4: record 4 was changed")
        var removed = lines
        removed.remove(at: 2)
        try broken(removed, "3: record 3 is missing: record 4 follows record 2")
        var moved = lines
        moved.swapAt(2, 4)
        try broken(moved, "3: records 3 to 4 are missing")
        var cut = lines
        cut[5].removeLast(30)
        try broken(cut, "6: the line is no record")
        lines.removeLast(2)
        try lines.map { $0 + "\n" }.joined().write(toFile: path, atomically: true, encoding: .utf8)
        #expect(try verify(gateway).status == 0, "an end that is missing shows by its hash alone")
        let last = try #require(records(gateway).last?["hash"] as? String)
        #expect(try verify(gateway, "--head", last).status == 0)
        #expect(try verify(gateway, "--head", String(repeating: "ab", count: 32)).status == 1)
        // Without the key nothing fits, and nobody can make up what does.
        #expect(try CommandRun(["audit", "verify", path]).status == 1)
    }

    @Test func aKilledGatewayLeavesALogThatHolds() throws {
        let gateway = try GatewayFixture(Self.yaml(), environment: Self.environment)
        gateway.signal(SIGKILL)
        #expect(gateway.waitForExit() != 0)
        let path = Self.path(gateway)
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data(#"{"seq":3,"time":"20"#.utf8))
        try handle.close()
        let torn = try verify(gateway)
        #expect(torn.status == 0)
        #expect(torn.output.contains("the last line has no end (19 bytes)"), "\(torn.output)")
    }

    @Test func aLogThatCanNotBeHadRefusesTheFile() throws {
        let gateway = try GatewayFixture(Self.yaml(), environment: Self.environment)
        let ops = try #require(gateway.ports["ops"])
        let admin = ["Authorization": "Bearer \(PlantedKey.five.text)"]
        try gateway.write(Self.yaml().replacingOccurrences(of: "./audit.log", with: "./nowhere/audit.log"))
        let refused = try gateway.request("POST", "/admin/reload", headers: admin, port: ops)
        #expect(refused.status == 409)
        #expect(refused.error?.contains("audit log: can't open") == true)
        // One that moves is closed, and the new one goes on by itself.
        try gateway.write(Self.yaml().replacingOccurrences(of: "./audit.log", with: "./second.log"))
        #expect(try gateway.request("POST", "/admin/reload", headers: admin, port: ops).status == 200)
        #expect(records(gateway).last?["event"] as? String == "closed")
        let second = try String(contentsOfFile: gateway.folder.path + "/second.log", encoding: .utf8)
        #expect(second.contains("\"event\":\"opened\""))
        // Less is kept of the same file: it changes hands.
        try gateway.write(
            Self.yaml().replacingOccurrences(of: "./audit.log", with: "./second.log, keep: 2"))
        #expect(try gateway.request("POST", "/admin/reload", headers: admin, port: ops).status == 200)
        gateway.terminate()
        #expect(gateway.waitForExit() == 0)
        let run = try CommandRun(
            ["audit", "verify", gateway.folder.path + "/second.log", "--key", "env:AUDIT_KEY"],
            environment: Self.environment)
        #expect(run.status == 0, "\(run.output)")
    }
}
