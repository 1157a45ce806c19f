import Foundation
import Glibc
import NIOConcurrencyHelpers
import Testing

/// A gateway that is killed under load: what it had admitted is counted by the next one, but for the last moments.
///
/// Three kills; `SLUICE_KILLS=200` is the full run.
@Suite(.serialized) struct SQLiteKillTests {
    private static let diskKey = ["TEST_DISK_KEY": String(repeating: "5c", count: 32)]

    private static func yaml(_ folder: URL, isEncrypted: Bool) -> String {
        """
        version: 1
        listeners:
          public: { address: LISTENER }
          ops: { address: LISTENER, serves: [admin, metrics] }
        models: { echo: { plugin: echo } }
        auth: none
        consumers: { anonymous: { limits: [monthly] } }
        limits:
          monthly: [{ count: requests, max: 1000000000/month, window: calendar, store: disk }]
        stores: { disk: { kind: sqlite, path: \(folder.path)/quotas.db, flush: 50ms } }
        \(isEncrypted ? "encryption: { keys: [{ id: disk, key: env:TEST_DISK_KEY }] }" : "")
        """
    }

    private func used(_ gateway: GatewayFixture) throws -> Int {
        let answer = try gateway.get("/admin/usage/anonymous", port: gateway.ports["ops"])
        let usage = answer.json["usage"] as? [[String: Any]] ?? []
        return Int(usage.first?["used"] as? Double ?? -1)
    }

    /// When the gateway was asked how often it had written its file, and what it said.
    private struct Look: Sendable {
        var asked: UInt64
        var writes: Int
    }

    /// Before this moment every admitted request had been written down: a whole write began and ended after it, however slow
    /// the machine is.
    private func written(before looks: [Look]) -> UInt64 {
        guard let last = looks.last else { return 0 }
        // Of two writes that ended after a look, the second began after it.
        return looks.last { $0.writes + 2 <= last.writes }?.asked ?? 0
    }

    private func look(_ gateway: GatewayFixture) -> Look? {
        let asked = DispatchTime.now().uptimeNanoseconds
        let name = "sluice_quota_store_seconds_count{store=\"disk\"} "
        guard let text = try? gateway.get("/metrics", port: gateway.ports["ops"]).text,
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix(name) }),
            let writes = Int(line.dropFirst(name.count))
        else { return nil }
        return Look(asked: asked, writes: writes)
    }

    @Test(arguments: [false, true]) func noAdmittedRequestIsForgottenAndNoFileDamaged(isEncrypted: Bool) throws {
        let kills = ProcessInfo.processInfo.environment["SLUICE_KILLS"].flatMap { Int($0) } ?? 3
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-kills-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let yaml = Self.yaml(folder, isEncrypted: isEncrypted)
        var generator = SystemRandomNumberGenerator()
        var before = 0
        var forgotten = 0
        var certain = 0
        for round in 0..<kills {
            let gateway = try GatewayFixture(yaml, environment: Self.diskKey)
            let counted = try used(gateway)
            #expect(round == 0 || counted >= before, "round \(round)")
            let answers = NIOLockedValueBox<[UInt64]>([])
            let sent = NIOLockedValueBox(0)
            let group = DispatchGroup()
            for _ in 0..<4 {
                group.enter()
                Thread {
                    defer { group.leave() }
                    guard let connection = try? RawConnection(port: gateway.port) else { return }
                    let body = "[[1,2]]"
                    let request = Array(
                        ("POST /v1/infer/echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                            + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)").utf8)
                    while true {
                        sent.withLockedValue { $0 += 1 }
                        connection.send(request)
                        guard let response = try? connection.response(), response.status == 200 else { return }
                        answers.withLockedValue { $0.append(DispatchTime.now().uptimeNanoseconds) }
                    }
                }.start()
            }
            let looks = NIOLockedValueBox<[Look]>([])
            group.enter()
            Thread {
                defer { group.leave() }
                while let look = look(gateway) { looks.withLockedValue { $0.append(look) } }
            }.start()
            // Any moment will do; that it isn't always the same one is the point.
            usleep(useconds_t.random(in: 120_000...500_000, using: &generator))
            kill(gateway.processID, SIGKILL)
            group.wait()
            _ = gateway.waitForExit()

            let next = try GatewayFixture(yaml, environment: Self.diskKey)
            let restored = try used(next)
            let times = answers.withLockedValue { $0 }
            let moment = written(before: looks.withLockedValue { $0 })
            let old = times.count { $0 <= moment }
            certain += old
            #expect(restored >= counted + old, "round \(round): \(times.count) admitted, \(old) of them written down")
            #expect(restored <= counted + sent.withLockedValue { $0 }, "round \(round)")
            forgotten += max(0, counted + times.count - restored)
            // The next one is ended in order: nothing of it is forgotten.
            _ = try next.post("/v1/infer/echo", "[[1,2]]")
            next.terminate()
            #expect(next.waitForExit() == 0)
            before = restored + 1
        }
        let check = Process()
        check.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        check.arguments = [
            "python3", "-c",
            "import sqlite3,sys; r=sqlite3.connect(sys.argv[1]).execute('PRAGMA integrity_check').fetchall(); sys.exit(r!=[('ok',)])",
            "\(folder.path)/quotas.db",
        ]
        try check.run()
        check.waitUntilExit()
        #expect(check.terminationStatus == 0, "the file is damaged")
        #expect(certain > 0, "nothing was ever written down")
        print(
            "\(kills) kills: \(forgotten) of \(before) admitted requests were forgotten, none of \(certain) written down"
        )
    }
}
