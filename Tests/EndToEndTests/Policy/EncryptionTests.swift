import Foundation
import Testing

/// What running gateways leave on the disk, with keys that come and go.
@Suite struct EncryptionTests {
    private static let environment = [
        "DISK_A": "a secret of the disk, first one.", "DISK_B": "a secret of the disk, other one.",
        "DISK_C": "not the secret that it should be",
    ]
    private static let (a, b) = ("{ id: disk-a, key: env:DISK_A }", "{ id: disk-b, key: env:DISK_B }")

    private static func yaml(_ folder: URL, _ keys: [String], more: String = "") -> String {
        """
        version: 1
        listeners:
          public: { address: LISTENER }
          ops: { address: LISTENER, serves: [admin] }
        models:
          echo: { plugin: echo }
          flowers:
            plugin: centroid
            config: { features: 2, classes: [SECRETLABEL, high] }
            state: \(folder.path)/flowers.state
        auth: none
        consumers: { anonymous: { limits: [monthly] } }
        limits:
          monthly: [{ count: requests, max: 1000/month, window: calendar, store: disk }]
        stores: { disk: { kind: sqlite, path: \(folder.path)/quotas.db, flush: 5ms } }
        \(keys.isEmpty ? "" : "encryption: { keys: [\(keys.joined(separator: ", "))]\(more) }")
        """
    }

    private static let lesson = #"{"inputs": {"x": [[1, 1], [9, 9]]}, "labels": {"label": ["SECRETLABEL", "high"]}}"#

    private func start(_ folder: URL, _ keys: [String], more: String = "") throws -> GatewayFixture {
        try GatewayFixture(Self.yaml(folder, keys, more: more), environment: Self.environment)
    }

    private func end(_ gateway: GatewayFixture) {
        gateway.terminate()
        #expect(gateway.waitForExit() == 0)
    }

    private func used(_ gateway: GatewayFixture) throws -> Int {
        let answer = try gateway.get("/admin/usage/anonymous", port: gateway.ports["ops"])
        let usage = answer.json["usage"] as? [[String: Any]] ?? []
        return Int(usage.first?["used"] as? Double ?? -1)
    }

    private func label(_ gateway: GatewayFixture) throws -> String? {
        let outputs = try gateway.post("/v1/infer/flowers", #"{"x": [[8, 8]]}"#).json["outputs"] as? [String: Any]
        return (outputs?["label"] as? [String])?.first
    }

    /// What of the folder's files shows somebody's words.
    private func showing(_ folder: URL) throws -> Set<String> {
        let words = ["anonymous", "SECRETLABEL"].map { Data($0.utf8) }
        return Set(
            try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { name in
                let bytes = FileManager.default.contents(atPath: folder.appendingPathComponent(name).path) ?? Data()
                return words.contains { bytes.range(of: $0) != nil }
            })
    }

    private func withFolder(_ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-disk-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder)
    }

    @Test func keysComeAndGoAndNothingIsLost() throws {
        try withFolder { folder in
            // Without encryption, as before there was any.
            var gateway = try start(folder, [])
            _ = try gateway.request(
                "POST", "/admin/models/flowers/learn", headers: ["Content-Type": "application/json"],
                body: Array(Self.lesson.utf8), port: gateway.ports["ops"])
            #expect(try label(gateway) == "high")
            #expect(try used(gateway) == 1)
            end(gateway)
            #expect(try showing(folder) == ["quotas.db", "flowers.state"])

            // With a key: what was there is encrypted at the start.
            gateway = try start(folder, [Self.a])
            #expect(try used(gateway) == 1)
            #expect(try label(gateway) == "high")
            #expect(try showing(folder) == [])
            // Another key while it runs; the old one must stay until all is written with the new one.
            try gateway.write(Self.yaml(folder, [Self.b]))
            #expect(try gateway.request("POST", "/admin/reload", port: gateway.ports["ops"]).status == 409)
            try gateway.write(Self.yaml(folder, [Self.b, Self.a]))
            #expect(try gateway.request("POST", "/admin/reload", port: gateway.ports["ops"]).status == 200)
            #expect(try used(gateway) == 2)
            end(gateway)
            #expect(try showing(folder) == [])

            gateway = try start(folder, [Self.b])
            #expect(try used(gateway) == 2)
            #expect(try label(gateway) == "high")
            end(gateway)

            // And back to files that anybody can read who may.
            gateway = try start(folder, [Self.b], more: ", write: plain")
            #expect(try used(gateway) == 3)
            end(gateway)
            gateway = try start(folder, [])
            #expect(try used(gateway) == 3)
            #expect(try label(gateway) == "high")
            end(gateway)
        }
    }

    @Test(
        arguments: [
            ([], #"is encrypted with key \"disk-a\", and the file has no encryption"#),
            (
                ["{ id: disk-b, key: env:DISK_B }"],
                #"is encrypted with key \"disk-a\", which encryption.keys doesn't have"#
            ),
            (
                ["{ id: disk-a, key: env:DISK_C }"],
                #"can't be decrypted with key \"disk-a\": the secret is another one"#
            ),
        ] as [([String], String)])
    func withoutTheKeyNothingStartsAndNothingIsTouched(keys: [String], reason: String) throws {
        try withFolder { folder in
            var gateway = try start(folder, [Self.a])
            _ = try gateway.request(
                "POST", "/admin/models/flowers/learn", headers: ["Content-Type": "application/json"],
                body: Array(Self.lesson.utf8), port: gateway.ports["ops"])
            #expect(try label(gateway) == "high")
            end(gateway)
            let file = folder.appendingPathComponent("gateway.yaml")
            try Self.yaml(folder, keys).replacingOccurrences(of: "LISTENER", with: "\"127.0.0.1:0\"")
                .write(to: file, atomically: true, encoding: .utf8)
            let run = try CommandRun(["serve", file.path], environment: Self.environment)
            #expect(run.status == 1)
            #expect((run.output + run.errors).contains(reason), "\(run.output) \(run.errors)")
            #expect(!(run.output + run.errors).contains("a secret of the disk"))
            gateway = try start(folder, [Self.a])
            #expect(try used(gateway) == 1)
            #expect(try label(gateway) == "high")
            end(gateway)
        }
    }
}
