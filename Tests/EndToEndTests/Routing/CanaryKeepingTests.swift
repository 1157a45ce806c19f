import Foundation
import Glibc
import Testing

/// A canary that was moved by hand, from one process to the next.
@Suite struct CanaryKeepingTests {
    private static let diskKey = ["TEST_DISK_KEY": String(repeating: "5c", count: 32)]

    private static func yaml(_ folder: URL, canary: String = "share: 0%", isEncrypted: Bool = false) -> String {
        """
        version: 1
        listeners:
          public: { address: LISTENER }
          ops: { address: LISTENER, serves: [admin] }
        models:
          one: { plugin: echo, version: "1" }
          two: { plugin: echo, version: "2" }
        auth: none
        consumers: { anonymous: { limits: [daily] } }
        limits: { daily: [{ count: requests, max: 1000/day, window: calendar, store: disk }] }
        routes:
          - { match: { model: m }, send: { model: one, canary: { model: two, \(canary) } } }
          - { match: { model: n }, send: { model: one, canary: { model: two, share: 0% } } }
        stores: { disk: { kind: sqlite, path: \(folder.path)/quotas.db } }
        \(isEncrypted ? "encryption: { keys: [{ id: disk, key: env:TEST_DISK_KEY }] }" : "")
        """
    }

    private func inFolder(_ work: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-canary-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try work(folder)
    }

    private func move(_ gateway: GatewayFixture, _ route: String, to share: String) throws {
        let answer = try gateway.request("POST", "/admin/routes/\(route)/canary/\(share)", port: gateway.ports["ops"])
        #expect(answer.status == 200, "\(answer.text)")
    }

    /// What a route's canary takes, and who says so.
    private func standing(_ gateway: GatewayFixture, _ route: String = "m") throws -> [String?] {
        let answer = try gateway.get("/admin/routes", port: gateway.ports["ops"])
        let routes = answer.json["routes"] as? [[String: Any]] ?? []
        let canary = routes.first { $0["name"] as? String == route }?["canary"] as? [String: Any]
        return [canary?["share"] as? String, canary?["by"] as? String]
    }

    private func versions(_ gateway: GatewayFixture) throws -> [String?] {
        try (0..<8).map { _ in try gateway.post("/v1/infer/m", "[[1, 2]]").json["version"] as? String }
    }

    private func end(_ gateway: GatewayFixture) {
        gateway.terminate()
        #expect(gateway.waitForExit() == 0)
    }

    @Test(arguments: [false, true]) func aRestartKeepsWhatWasCommanded(isEncrypted: Bool) throws {
        try inFolder { folder in
            let yaml = Self.yaml(folder, isEncrypted: isEncrypted)
            let first = try GatewayFixture(yaml, environment: Self.diskKey)
            try move(first, "m", to: "25%25")
            end(first)

            let second = try GatewayFixture(yaml, environment: Self.diskKey)
            #expect(try standing(second) == ["25%", "command"])
            #expect(try standing(second, "n") == ["0%", "file"])
            #expect(try versions(second).count { $0 == "2" } == 2)
            try move(second, "m", to: "100%25")
            end(second)

            let third = try GatewayFixture(yaml, environment: Self.diskKey)
            #expect(try versions(third).allSatisfy { $0 == "2" })
            try move(third, "m", to: "file")
            end(third)

            let fourth = try GatewayFixture(yaml, environment: Self.diskKey)
            #expect(try standing(fourth) == ["0%", "file"])
            #expect(try versions(fourth).allSatisfy { $0 == "1" })
        }
    }

    /// Nothing is written down before the answer; a moment later it is, and no orderly end is needed.
    @Test func aKilledGatewaysCommandIsKept() throws {
        try inFolder { folder in
            let first = try GatewayFixture(Self.yaml(folder))
            try move(first, "m", to: "100%25")
            let log = folder.appendingPathComponent("quotas.db-wal").path
            #expect(
                eventually {
                    let bytes = FileManager.default.contents(atPath: log) ?? Data()
                    return bytes.contains(Data("canary:m/".utf8))
                })
            kill(first.processID, SIGKILL)
            _ = first.waitForExit()
            let second = try GatewayFixture(Self.yaml(folder))
            #expect(try standing(second) == ["100%", "command"])
        }
    }

    @Test func otherSettingsForgetIt() throws {
        try inFolder { folder in
            let first = try GatewayFixture(Self.yaml(folder))
            try move(first, "m", to: "25%25")
            try move(first, "n", to: "30%25")
            end(first)
            let second = try GatewayFixture(Self.yaml(folder, canary: "share: 5%"))
            #expect(try standing(second) == ["5%", "file"])
            #expect(try standing(second, "n") == ["30%", "command"])
            end(second)
            // As with a reload, there and back is not the same as nothing.
            let third = try GatewayFixture(Self.yaml(folder))
            #expect(try standing(third) == ["0%", "file"])

            try move(third, "m", to: "40%25")
            try third.write(Self.yaml(folder, canary: "share: 6%"))
            #expect(try third.request("POST", "/admin/reload", port: third.ports["ops"]).status == 200)
            end(third)
            #expect(try standing(try GatewayFixture(Self.yaml(folder))) == ["0%", "file"])
        }
    }
}
