import Foundation
import Testing

/// What a running gateway says of requests that are unlike those before. Windows are as short as may be.
struct AnomalyTests {
    private static func yaml(_ anomalies: String, drain: String = "25s") -> String {
        """
        version: 1
        listeners:
          public: { address: LISTENER }
          ops: { address: LISTENER, serves: [metrics] }
        models: { echo: { plugin: echo } }
        auth: api_keys
        consumers:
          acme: { keys: [{ id: k1, hash: "sha256:\(PlantedKey.acme.hash)" }], allow: { models: [echo] } }
          other: { keys: [{ id: k5, hash: "sha256:\(PlantedKey.five.hash)" }], allow: { models: [echo] } }
        audit: { file: ./audit.log }
        drain: \(drain)
        anomalies: \(anomalies)
        """
    }

    private func infer(_ gateway: GatewayFixture, _ key: String?, elements: Int = 1) throws
        -> Int
    {
        let row = Array(repeating: "1", count: elements).joined(separator: ",")
        var headers = ["Content-Type": "application/json"]
        headers["Authorization"] = key.map { "Bearer \($0)" }
        return try gateway.request(
            "POST", "/v1/infer/echo", headers: headers,
            body: Array(elements == 0 ? "no array".utf8 : "[[\(row)]]".utf8),
            port: gateway.ports["public"]
        ).status
    }

    private func isUnusual(_ gateway: GatewayFixture, _ of: String, _ name: String, _ signal: String) throws -> Bool {
        let text = try gateway.get("/metrics", port: gateway.ports["ops"]).text
        return text.contains("\nsluice_anomaly{of=\"\(of)\",name=\"\(name)\",signal=\"\(signal)\"} 1\n")
    }

    private func events(_ gateway: GatewayFixture) -> [[String: Any]] {
        let path = gateway.folder.appendingPathComponent("audit.log").path
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap {
            try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
        }.filter { $0["event"] as? String == "anomaly" }
    }

    /// Requests as they are usual, for as long as it takes to know that.
    private func beUsual(_ gateway: GatewayFixture) throws {
        let end = Date().addingTimeInterval(5)
        var count = 0
        while Date() < end || count < 300 {
            count += 1
            #expect(try infer(gateway, PlantedKey.acme.text) == 200)
            #expect(try infer(gateway, PlantedKey.five.text) == 200)
            usleep(5_000)
        }
    }

    @Test func whatIsUnlikeBeforeIsSaidWhileItLasts() throws {
        let gateway = try GatewayFixture(Self.yaml("{ window: 1s, least: 5 }"))
        try beUsual(gateway)
        #expect(try !gateway.get("/metrics", port: gateway.ports["ops"]).text.contains("sluice_anomaly{"))

        // Somebody guesses keys; somebody who has one sends what is none, and another one much more than ever.
        var turns = 0
        let isSaid = try eventually {
            for _ in 0..<8 {
                #expect(try infer(gateway, "slk_x_guess") == 401)
                #expect(try infer(gateway, PlantedKey.acme.text, elements: 0) == 400)
                #expect(try infer(gateway, PlantedKey.five.text, elements: 1_000) == 200)
            }
            turns += 1
            return try isUnusual(gateway, "listener", "public", "auth_failures")
                && isUnusual(gateway, "consumer", "acme", "rejects")
                && isUnusual(gateway, "consumer", "other", "payload_size")
        }
        #expect(isSaid, "\(turns) turns")
        #expect(try !isUnusual(gateway, "consumer", "other", "rejects"))
        #expect(try !isUnusual(gateway, "consumer", "acme", "payload_size"))
        #expect(try !isUnusual(gateway, "listener", "ops", "rejects"))

        // A reload that means the same by it ends nothing.
        try gateway.write(Self.yaml("{ window: 1s, least: 5 }", drain: "24s"))
        _ = try gateway.hangUp(serves: 2)
        #expect(
            try isUnusual(gateway, "consumer", "acme", "rejects")
                || events(gateway).contains { $0["begins"] as? Bool == false })

        // It ends by itself.
        #expect(
            try eventually {
                try !isUnusual(gateway, "listener", "public", "auth_failures")
                    && !isUnusual(gateway, "consumer", "acme", "rejects")
                    && !isUnusual(gateway, "consumer", "other", "payload_size")
            })
        #expect(eventually { events(gateway).filter { $0["begins"] as? Bool == false }.count >= 3 })
        let begun = events(gateway).filter { $0["begins"] as? Bool == true }
        let guesses = try #require(begun.first { $0["signal"] as? String == "auth_failures" })
        #expect(guesses["of"] as? String == "listener" && guesses["name"] as? String == "public")
        #expect((guesses["count"] as? Int ?? 0) >= 5)
        #expect((guesses["requests"] as? Int ?? 0) >= (guesses["count"] as? Int ?? 0))
        #expect(guesses["usual"] as? String != nil)
        let large = try #require(
            begun.first { $0["of"] as? String == "consumer" && $0["signal"] as? String == "payload_size" })
        #expect(large["name"] as? String == "other" && large["usual_bytes"] as? Int == 128)
        #expect(
            try CommandRun(["audit", "verify", gateway.folder.appendingPathComponent("audit.log").path]).status == 0)
    }

    @Test func onlyWhatIsAskedForIsWatched() throws {
        let gateway = try GatewayFixture(Self.yaml("{ window: 1s, least: 1, signals: payload_size }"))
        for _ in 0..<50 { #expect(try infer(gateway, "slk_x_guess") == 401) }
        #expect(try !gateway.get("/metrics", port: gateway.ports["ops"]).text.contains("sluice_anomaly{"))
    }
}
