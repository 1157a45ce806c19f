import Foundation
import Testing

/// Equal requests to a model with a cache are answered once, and the header says which were.
@Suite(
    .gateway(
        """
        version: 1
        listeners: { public: { address: LISTENER } }
        models:
          kept:
            plugin: stub_faulty
            config: { streams: false, deterministic: true, concurrency: 4, behaviour: slow, for: 50ms }
            cache: { size: 1MiB, age: 1h }
          vouched: { plugin: echo, config: { inputs: [{ name: x, datatype: FP32, shape: [-1, -1] }] }, cache: {} }
          counted: { plugin: stub_faulty, config: { streams: false, deterministic: true }, cache: {} }
          streams: { plugin: stub_faulty, cache: {} }
          plain: { plugin: stub_faulty }
        auth: none
        """))
struct CacheTests {
    let gateway: GatewayFixture

    init() throws { gateway = try #require(GatewayTrait.current) }

    private func infer(_ model: String, _ values: [Float], parameters: String = "") throws -> Response {
        let connection = try RawConnection(port: gateway.port)
        connection.send(Backlog.request(model, rows: [values], parameters: parameters))
        return try connection.response()
    }

    @Test func equalRequestsAreAnsweredOnce() throws {
        let first = try infer("kept", [1, 2])
        #expect(first.status == 200 && first.headers["sluice-cache"] == "miss")
        let second = try infer("kept", [1, 2])
        #expect(second.status == 200 && second.headers["sluice-cache"] == "hit")
        #expect(second.values == [1, 2])
        #expect(second.told("calls") == first.told("calls"))
        #expect(try infer("kept", [1, 3]).headers["sluice-cache"] == "miss")
        // Another way to ask is the same question.
        let unified = try gateway.post("/v1/infer/kept", "[[1, 2]]")
        #expect(unified.headers["sluice-cache"] == "hit", "\(unified.text)")
        #expect(Backlog.metric("sluice_model_cache_total", gateway, "kept", more: #",outcome="hit""#) >= 2)
    }

    @Test func aRushOfEqualRequestsIsOneCall() throws {
        let connections = try (0..<12).map { _ in try RawConnection(port: gateway.port) }
        for connection in connections { connection.send(Backlog.request("kept", rows: [[7, 7, 7]])) }
        let answers = try connections.map { try $0.response() }
        #expect(Set(answers.map { $0.told("calls") }).count == 1)
        #expect(answers.count { $0.headers["sluice-cache"] == "miss" } == 1)
        #expect(answers.allSatisfy { $0.values == [7, 7, 7] })
    }

    @Test func statisticsTellHitsFromExecutions() throws {
        for _ in 0..<3 { #expect(try infer("counted", [5, 6]).status == 200) }
        let entries = try gateway.get("/v2/models/counted/stats").json["model_stats"] as? [[String: Any]]
        let entry = try #require(entries?.first)
        let totals = try #require(entry["inference_stats"] as? [String: [String: Int]])
        #expect(totals["success"]?["count"] == 3)
        #expect(totals["cache_hit"]?["count"] == 2)
        #expect(totals["cache_hit"]?["ns"] ?? 0 > 0)
        #expect(totals["cache_miss"]?["count"] == 1)
        #expect(totals["compute_infer"]?["count"] == 1)
        #expect(entry["execution_count"] as? Int == 1)
        #expect(entry["inference_count"] as? Int == 1)
    }

    @Test func failuresAreNotKept() throws {
        for _ in 0..<2 {
            let failed = try infer("kept", [4], parameters: #""behaviour": "fail""#)
            #expect(failed.status == 500 && failed.headers["sluice-cache"] == nil)
        }
    }

    @Test func quickModelsMayHaveOneToo() throws {
        for outcome in ["miss", "hit"] {
            #expect(try gateway.post("/v1/infer/vouched", "[[1, 2]]").headers["sluice-cache"] == outcome)
        }
    }

    @Test func whatCanNotBeKeptIsNotLoaded() throws {
        #expect(try gateway.get("/v2/models/streams/ready").status == 503)
        #expect(gateway.log.contains(#"cache is not for model \"streams\": it may answer in parts"#))
        #expect(try infer("plain", [1]).headers["sluice-cache"] == nil)
    }
}
