import Foundation
import Testing

/// What is counted, by whom, and what clients are told of it.
@Suite(
    .gateway(
        """
        version: 1
        listeners:
          public: { address: LISTENER }
          ops: { address: LISTENER, serves: [admin, metrics] }
        models:
          echo: { plugin: echo, cost: "1 + elements / 10", limits: [heavy] }
          faulty: { plugin: stub_faulty, concurrency: 4, limits: [late] }
          spare: { plugin: stub_faulty, limits: [none_left] }
          last: { plugin: stub_faulty }
        auth: none
        limits:
          heavy: [{ count: cost, max: 100/hour, burst: 4 }]
          late: [{ count: tokens, max: 1000/hour, burst: 20 }]
          none_left: [{ count: requests, max: 1/day }]
          crowd: [{ count: concurrent, max: 2 }]
          measured: [{ count: requests, max: 2/day, mode: shadow }]
          bytes: [{ count: bytes_out, max: 1000000/month, window: calendar, zone: Asia/Tokyo }]
        global_limits: [measured]
        routes:
          - { match: { model: echo }, send: echo, limits: [bytes] }
          - { match: { model: faulty }, send: faulty, limits: [crowd] }
          - { match: { model: chain }, send: faulty, fallback: [{ when: any, model: spare }, { when: any, model: last }] }
        """))
struct QuotaCountTests {
    let gateway: GatewayFixture

    init() throws { gateway = try #require(GatewayTrait.current) }

    private func usage(_ quota: String) throws -> [String: Any] {
        let answer = try gateway.get("/admin/usage", port: gateway.ports["ops"])
        let all = answer.json["usage"] as? [[String: Any]] ?? []
        return all.first { $0["quota"] as? String == quota } ?? [:]
    }

    private func metric(_ series: String) throws -> Double {
        let text = try gateway.get("/metrics", port: gateway.ports["ops"]).text
        let line = text.split(separator: "\n").first { $0.hasPrefix(series + " ") }
        return line.flatMap { Double($0.dropFirst(series.count + 1)) } ?? 0
    }

    @Test func aCostIsTakenAndToldOfAndRefused() throws {
        // 5 elements: 1.5 of 4.
        let first = try gateway.post("/v1/infer/echo", "[[1,2,3,4,5]]")
        #expect(first.status == 200)
        let policies = try #require(first.headers["ratelimit-policy"])
        #expect(policies.contains("\"model:echo/heavy\";q=100;qu=\"cost\";w=3600"))
        #expect(policies.contains("\"route:echo/bytes\";q=1000000;qu=\"bytes_out\""))
        #expect(!policies.contains("measured"))
        #expect(first.headers["ratelimit"]?.hasPrefix("\"model:echo/heavy\";r=2;t=") == true)
        #expect(try usage("model:echo/heavy")["used"] as? Double ?? 0 > 1.4)
        // 20 elements would be 3.
        let refused = try gateway.post("/v1/infer/echo", "[[1,2,3,4,5],[1,2,3,4,5],[1,2,3,4,5],[1,2,3,4,5]]")
        #expect(refused.status == 429)
        #expect(
            refused.error?.hasPrefix(
                "model \"echo\" has used up its quota \"model:echo/heavy\" of 100 cost per hour; try again in ") == true
        )
        // What never fits is told so, without a moment at which to try again.
        let never = try gateway.post("/v1/infer/echo", "[\((1...31).map(String.init).joined(separator: ","))]")
        #expect(never.status == 429)
        #expect(never.headers["retry-after"] == nil)
        #expect(
            never.error
                == "the request takes 4.1 of the quota \"model:echo/heavy\" of 100 cost per hour, which never has more than 4"
        )
        // The bytes of the one answer that there was, to the byte.
        #expect(try usage("route:echo/bytes")["used"] as? Double == Double(first.body.count))
    }

    @Test func whatOnlyMeasuresTurnsNobodyAway() throws {
        for _ in 0..<3 { _ = try gateway.post("/v1/infer/chain", #"{"rows":[[1]]}"#) }
        #expect(
            try metric(#"sluice_quota_shadow_rejections_total{scope="global",name="",quota="global/measured"}"#) >= 1)
        #expect(try metric(#"sluice_quota_warnings_total{scope="global",name="",quota="global/measured"}"#) == 1)
        #expect(gateway.logLines("quota nearly used up").contains { $0["quota"] as? String == "global/measured" })
    }

    @Test func noMoreThanSoManyAtTheSameTime() throws {
        let body = #"{"rows":[[1,2]],"parameters":{"behaviour":"slow","for":"600ms"}}"#
        let head =
            "POST /v1/infer/faulty HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
        let busy = try (0..<2).map { _ in try RawConnection(port: gateway.port) }
        for connection in busy { connection.send(head + body) }
        let isFull = try eventually { try usage("route:faulty/crowd")["used"] as? Double == 2 }
        #expect(isFull)
        let refused = try gateway.post("/v1/infer/faulty", #"{"rows":[[1,2]]}"#)
        #expect(refused.status == 429)
        #expect(refused.error?.contains("of 2 requests at the same time") == true)
        #expect(refused.headers["retry-after"] == "1")
        for connection in busy { #expect(try connection.response().status == 200) }
        #expect(try gateway.post("/v1/infer/faulty", #"{"rows":[[1,2]]}"#).status == 200)
        // Who leaves while the model works gives the place back, too.
        do {
            let leaving = try RawConnection(port: gateway.port)
            leaving.send(head + body)
            let isThere = try eventually { try usage("route:faulty/crowd")["used"] as? Double == 1 }
            #expect(isThere)
        }
        let isGone = try eventually { try usage("route:faulty/crowd")["used"] == nil }
        #expect(isGone)
    }

    @Test func aFallbackIsCountedByItsOwnModel() throws {
        let fails = #"{"rows":[[1,2]],"parameters":{"behaviour":"fail"}}"#
        // Both fail, and so nothing of it is used up.
        #expect(try gateway.post("/v1/infer/chain", fails).status == 500)
        #expect(try usage("model:spare/none_left").isEmpty)
    }

    @Test func oneConsumersUsageIsListedWhole() throws {
        let answer = try gateway.get("/admin/usage/anonymous", port: gateway.ports["ops"])
        #expect(answer.status == 200)
        #expect(answer.json["more"] as? Int == 0)
        #expect(try gateway.get("/admin/usage/nobody", port: gateway.ports["ops"]).status == 404)
    }
}

/// Limits that the models can't have are refused once the models are known.
@Suite struct UncountableTests {
    @Test func whatNoModelHasIsNamedWithItsPlace() {
        let yaml = """
            version: 1
            listeners: { public: { address: LISTENER } }
            models: { echo: { plugin: stub_faulty } }
            auth: none
            limits: { text: [{ count: characters, max: 5/s }] }
            global_limits: text
            """
        let failure = #expect(throws: GatewayFixture.StartFailure.self) { try GatewayFixture(yaml) }
        #expect(
            failure?.description.contains(
                "gateway.yaml:5:11: error: limit \"text\" counts characters, but model \"echo\" has none: none of its inputs is text"
            ) == true, "\(failure?.description ?? "")")
    }
}
