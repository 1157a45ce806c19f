import Crypto
import Foundation
import Testing

/// A Redis server that is reached by TLS: only one that can show who it is gets the password and counts.
@Suite struct RedisTLSTests {
    private static let key = "slk_acme_key-of-the-redis-tls-tests"
    private static let password = "s3cret-of-the-redis-tls-tests"

    /// A gateway whose only quota is two requests a day, counted by a server with the first certificate.
    private func gateway(host: String, trusts certificate: String) throws -> (RedisServer, GatewayFixture, URL) {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-redis-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        func write(_ name: String, _ text: String) throws -> URL {
            let file = folder.appendingPathComponent(name)
            try (text + "\n").write(to: file, atomically: true, encoding: .utf8)
            return file
        }
        let chain = try write("server.pem", TestCertificates.first)
        let serverKey = try write("server.key", TestCertificates.firstKey)
        let authority = try write("ca.pem", certificate)
        let server = try RedisServer(password: Self.password, certificate: (chain, serverKey))
        let hash = SHA256.hash(data: Data(Self.key.utf8)).map { String(format: "%02x", $0) }.joined()
        let gateway = try GatewayFixture(
            """
            version: 1
            listeners: { public: { address: LISTENER } }
            models: { echo: { plugin: echo } }
            auth: api_keys
            consumers:
              acme: { keys: [{ id: k, hash: "sha256:\(hash)" }], allow: { models: ["*"] }, limits: [few] }
            limits: { few: [{ count: requests, max: 2/day, store: shared }] }
            stores:
              shared:
                kind: redis
                url: "rediss://\(host):\(server.tlsPort)"
                ca: \(authority.path)
                password: env:TEST_REDIS_PASSWORD
                timeout: 5s
                if_down: deny
            """, environment: ["TEST_REDIS_PASSWORD": Self.password])
        return (server, gateway, folder)
    }

    private func ask(_ gateway: GatewayFixture) throws -> Response {
        try gateway.post("/v1/infer/echo", "[[1]]", headers: ["Authorization": "Bearer \(Self.key)"])
    }

    @Test(arguments: ["localhost", "127.0.0.1"]) func countsGoToAServerThatIsVouchedFor(host: String) throws {
        let (server, gateway, folder) = try gateway(host: host, trusts: TestCertificates.first)
        defer { try? FileManager.default.removeItem(at: folder) }
        let isUp = try eventually { try ask(gateway).status != 503 }
        #expect(isUp, "\(gateway.log)")
        let hasCounted = try eventually { try ask(gateway).status == 429 }
        #expect(hasCounted)
        #expect(try server.command("DBSIZE") != ":0")
    }

    @Test func aServerThatNobodyVouchesForGetsNothing() throws {
        let (server, gateway, folder) = try gateway(host: "localhost", trusts: TestCertificates.second)
        defer { try? FileManager.default.removeItem(at: folder) }
        let answer = try ask(gateway)
        #expect(answer.status == 503 && answer.code == "quota_unavailable")
        #expect(try server.command("DBSIZE") == ":0")
        let isTold = eventually { gateway.log.contains("quota store is down") }
        #expect(isTold)
        #expect(!gateway.log.contains(Self.password))
    }
}
