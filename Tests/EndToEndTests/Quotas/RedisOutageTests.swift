import Crypto
import Foundation
import Testing

/// A Redis server that ends, comes back, is slow, and can't be written: what `if_down` says holds, nothing hangs, and it is
/// found again within two seconds.
@Suite(.serialized) struct RedisOutageTests {
    private static let consumers = ["local", "deny", "allow"]

    private static func key(_ name: String) -> String { "slk_\(name)_key-of-the-outage-tests" }

    /// One store for each way out, through `port`.
    private static func yaml(port: Int, hashes: [String: String]) -> String {
        var text = """
            version: 1
            listeners:
              public: { address: LISTENER }
              ops: { address: LISTENER, serves: [metrics] }
            models: { echo: { plugin: echo } }
            auth: api_keys
            consumers:\n
            """
        for name in consumers {
            text += "  \(name): { keys: [{ id: \(name), hash: \"sha256:\(hashes[name] ?? "")\" }], "
            text += "allow: { models: [\"*\"] }, limits: [\(name)] }\n"
        }
        text += "limits:\n"
        for name in consumers { text += "  \(name): [{ count: requests, max: 5/day, store: \(name) }]\n" }
        text += "stores:\n"
        for name in consumers {
            text += "  \(name): { kind: redis, url: \"redis://127.0.0.1:\(port)\", prefix: \(name), "
            text += "password: env:TEST_REDIS_PASSWORD, if_down: \(name), timeout: 50ms }\n"
        }
        return text
    }

    private static func hash(_ text: String) -> String {
        SHA256.hash(data: Data(text.utf8)).map { String(format: "%02x", $0) }.joined()
    }

    private struct Setting {
        var server: RedisServer
        var proxy: SlowProxy
        var gateway: GatewayFixture

        /// The status of one request, which must come quickly whatever happens.
        func ask(_ consumer: String) throws -> Int {
            let start = Date()
            let response = try gateway.post(
                "/v1/infer/echo", "[[1]]", headers: ["Authorization": "Bearer \(RedisOutageTests.key(consumer))"])
            // Waiting for the server takes 50 ms at most; the rest is for a busy machine.
            #expect(Date().timeIntervalSince(start) < 1.5, "\(consumer) hung")
            if response.status == 503 { #expect(response.code == "quota_unavailable") }
            return response.status
        }

        func isUp(_ store: String) throws -> Bool {
            let text = try gateway.get("/metrics", port: gateway.ports["ops"]).text
            return text.contains("sluice_quota_store_up{store=\"\(store)\"} 1")
        }

        /// Waits until every store is up or down; how long that took, in seconds.
        func waitUntil(up: Bool) throws -> Double {
            let start = Date()
            let isSo = try eventually { try RedisOutageTests.consumers.allSatisfy { try isUp($0) == up } }
            #expect(isSo)
            return Date().timeIntervalSince(start)
        }
    }

    private func setting() throws -> Setting {
        let server = try RedisServer(password: "s3cret-of-the-outage-tests")
        let proxy = try SlowProxy(to: server.port)
        var hashes: [String: String] = [:]
        for name in Self.consumers { hashes[name] = Self.hash(Self.key(name)) }
        let gateway = try GatewayFixture(
            Self.yaml(port: proxy.port, hashes: hashes),
            environment: ["TEST_REDIS_PASSWORD": "s3cret-of-the-outage-tests"])
        return Setting(server: server, proxy: proxy, gateway: gateway)
    }

    @Test func whatIfDownSaysHoldsUntilTheServerIsBack() throws {
        let setting = try setting()
        defer { setting.proxy.stop() }
        _ = try setting.waitUntil(up: true)
        for consumer in Self.consumers {
            for _ in 0..<2 { #expect(try setting.ask(consumer) == 200) }
        }

        setting.server.kill()
        _ = try setting.waitUntil(up: false)
        #expect(try setting.ask("deny") == 503)
        // Two of five are used, as the gateway itself has counted.
        #expect(try (0..<5).map { _ in try setting.ask("local") } == [200, 200, 200, 429, 429])
        #expect(try (0..<8).map { _ in try setting.ask("allow") } == Array(repeating: 200, count: 8))

        try setting.server.start()
        let seconds = try setting.waitUntil(up: true)
        #expect(seconds < 2, "it took \(seconds) s to find the server again")
        // The server has forgotten everything; what was admitted meanwhile was told.
        #expect(try setting.ask("deny") == 200)
        let isTold = try eventually { try setting.ask("allow") == 429 }
        #expect(isTold)

        // A server that can't be written is as good as none.
        try setting.server.command("REPLICAOF", "127.0.0.1", "1")
        let isDenied = try eventually { try setting.ask("deny") == 503 }
        #expect(isDenied)
        let isAllowed = try eventually { try setting.ask("allow") == 200 }
        #expect(isAllowed)
        try setting.server.command("REPLICAOF", "NO", "ONE")
        #expect(try setting.waitUntil(up: true) < 2)
        let isBack = try eventually { try setting.ask("deny") != 503 }
        #expect(isBack)

        // The password is nowhere.
        let metrics = try setting.gateway.get("/metrics", port: setting.gateway.ports["ops"]).text
        for text in [setting.gateway.log, setting.gateway.accessLog, metrics] {
            #expect(!text.contains("s3cret-of-the-outage-tests"))
        }
    }

    @Test func aSlowServerIsWaitedForNoLongerThanTheFileSays() throws {
        let setting = try setting()
        defer { setting.proxy.stop() }
        _ = try setting.waitUntil(up: true)
        setting.proxy.slow(milliseconds: 100)
        // Answers come after the requests that wait for them have been decided, and the connection lives on.
        #expect(try setting.ask("deny") == 503)
        #expect(try setting.ask("local") == 200)
        #expect(try setting.ask("allow") == 200)
        #expect(try setting.isUp("deny"))
        setting.proxy.slow(milliseconds: 0)
        let isBack = try eventually { try setting.ask("deny") == 200 }
        #expect(isBack)
    }

    @Test func aServerThatIsNotThereDoesNotKeepTheGatewayFromServing() throws {
        let server = try RedisServer()
        server.kill()
        var hashes: [String: String] = [:]
        for name in Self.consumers { hashes[name] = Self.hash(Self.key(name)) }
        let yaml = Self.yaml(port: server.port, hashes: hashes).replacingOccurrences(
            of: "password: env:TEST_REDIS_PASSWORD, ", with: "")
        let gateway = try GatewayFixture(yaml)
        let setting = Setting(server: server, proxy: try SlowProxy(to: server.port), gateway: gateway)
        defer { setting.proxy.stop() }
        #expect(try setting.ask("deny") == 503)
        #expect(try setting.ask("allow") == 200)
        #expect(!gateway.logLines("quota store is down").isEmpty)
        try server.start()
        #expect(try setting.waitUntil(up: true) < 2)
        #expect(try setting.ask("deny") == 200)
    }
}
