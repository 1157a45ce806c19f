import Foundation
import Testing

/// Models that keep failing are left alone, and asked again after a while. Each test has models of its own.
@Suite(
    .gateway(
        """
        version: 1
        listeners:
          public: { address: LISTENER, serves: [inference, metrics] }
          ops: { address: LISTENER, serves: [admin] }
        models:
          good: { plugin: stub_faulty, config: { behaviour: ok } }
          alone: { plugin: stub_faulty, config: { behaviour: fail }, breaker: { failures: 3, open: 1h } }
          ill: { plugin: stub_faulty, config: { behaviour: fail }, breaker: { failures: 3, open: 1h } }
          late: { plugin: stub_faulty, config: { behaviour: hang, for: 30s }, timeout: 20ms, breaker: { failures: 2, open: 1h } }
          flaps: { plugin: stub_faulty, config: { behaviour: fail }, breaker: { failures: 2, open: 20ms, longest: 40ms, probes: 2 } }
          patient: { plugin: stub_faulty, config: { behaviour: hang, for: 30s }, breaker: { failures: 1, open: 1h } }
          team/held: { plugin: stub_faulty, breaker: {} }
        auth: none
        routes:
          - { match: { model: good }, send: good }
          - { match: { model: alone }, send: alone }
          - { match: { model: ill }, send: ill, fallback: [{ when: [5xx], model: good }] }
          - { match: { model: late }, send: late, fallback: [{ when: [timeout], model: good }] }
          - { match: { model: flaps }, send: flaps }
          - { match: { model: patient }, send: patient }
          - { match: { model: held }, send: team/held }
          - { match: { model: only-open }, send: ill, fallback: [{ when: [breaker_open], model: good }] }
        """))
struct BreakerTests {
    let gateway: GatewayFixture
    let ops: Int

    init() throws {
        gateway = try #require(GatewayTrait.current)
        ops = try #require(gateway.ports["ops"])
    }

    private func infer(_ model: String, behaviour: String? = nil, timeout: Int? = nil) throws -> Response {
        let parameters =
            [behaviour.map { #""behaviour":"\#($0)""# }, timeout.map { #""timeout":\#($0)"# }].compactMap(\.self)
            .joined(separator: ",")
        return try gateway.post(
            "/v2/models/\(model)/infer",
            #"""
            {"inputs":[{"name":"INPUT0","shape":[1,2],"datatype":"FP32","data":[1,2]}],"parameters":{\#(parameters)}}
            """#)
    }

    private func state(_ model: String) throws -> String? {
        let answer = try gateway.request("GET", "/admin/breakers", port: ops)
        let breakers = answer.json["breakers"] as? [[String: Any]]
        return breakers?.first { $0["model"] as? String == model }?["state"] as? String
    }

    @Test func anOutageIsToldAtOnceWithTheWait() throws {
        for _ in 0..<3 { #expect(try infer("alone").code == "model_failed") }
        for _ in 0..<20 {
            let response = try infer("alone")
            #expect(response.status == 503)
            #expect(response.code == "model_unavailable")
            #expect(response.error?.contains("model \"alone\" has failed too often") == true)
            let wait = try #require(response.headers["retry-after"].flatMap { Int($0) })
            #expect((3_500...4_321).contains(wait), "\(wait)")
        }
        // The model saw none of these.
        #expect(try gateway.metric(#"sluice_model_failures_total{model="alone",code="model_failed"}"#) == 3)
        #expect(try gateway.metric(#"sluice_model_failures_total{model="alone",code="model_unavailable"}"#) == 0)
        #expect(try gateway.metric(#"sluice_breaker_rejections_total{model="alone"}"#) == 20)
        #expect(try gateway.metric(#"sluice_breaker_openings_total{model="alone"}"#) == 1)
        #expect(try gateway.metric(#"sluice_breaker_state{model="alone"}"#) == 2)
        #expect(try state("alone") == "open")
        #expect(try gateway.get("/v2/models/alone/ready").json["ready"] as? Bool == false)
        #expect(try gateway.get("/v2/models/good/ready").status == 200)
        #expect(gateway.logLines("breaker opened").contains { $0["model"] as? String == "alone" })
    }

    /// The next rung answers, whether the first was asked or not; and a rung may want just an open breaker.
    @Test func theNextRungTakesOverAtOnce() throws {
        #expect(try infer("only-open").code == "model_failed")
        for index in 0..<10 {
            let response = try infer("ill")
            #expect(response.status == 200)
            #expect(response.headers["sluice-model"] == "good")
            #expect(response.headers["sluice-fallback"] == (index < 2 ? "ill=model_failed" : "ill=model_unavailable"))
        }
        #expect(try gateway.metric(#"sluice_model_failures_total{model="ill",code="model_failed"}"#) == 3)
        let open = try infer("only-open")
        #expect(open.status == 200)
        #expect(open.headers["sluice-fallback"] == "ill=model_unavailable")
        #expect(try gateway.get("/v2/models/ill/ready").status == 200)
    }

    @Test func whereTimeoutsLedToARungTheyGoOnToDoSo() throws {
        for index in 0..<5 {
            let response = try infer("late")
            #expect(response.status == 200)
            #expect(
                response.headers["sluice-fallback"]
                    == (index < 2 ? "late=deadline_exceeded" : "late=model_unavailable"))
        }
    }

    @Test func aModelThatIsWellAgainIsAskedAgain() throws {
        for _ in 0..<3 {
            #expect(eventually { (try? infer("flaps", behaviour: "fail").code) == "model_unavailable" })
            // Two probes must succeed.
            #expect(eventually { (try? infer("flaps", behaviour: "ok").status) == 200 })
            #expect(eventually { (try? infer("flaps", behaviour: "ok").status) == 200 })
            #expect(try state("flaps") == "closed")
        }
        #expect(try gateway.metric(#"sluice_breaker_openings_total{model="flaps"}"#) >= 3)
        #expect(gateway.logLines("breaker closed").contains { $0["model"] as? String == "flaps" })
    }

    @Test func callersInAHurryOpenNothing() throws {
        for _ in 0..<5 { #expect(try infer("patient", timeout: 1_000).code == "deadline_exceeded") }
        #expect(try state("patient") == "closed")
        // Nor do those whose request is at fault.
        #expect(try infer("patient", behaviour: "fail", timeout: 5_000_000).code == "model_failed")
        #expect(try state("patient") == "open")
    }

    @Test func peopleOpenAndCloseThem() throws {
        #expect(try infer("held").status == 200)
        let opened = try gateway.request("POST", "/admin/breakers/team%2Fheld/open", port: ops)
        #expect(opened.status == 200)
        #expect(opened.json["state"] as? String == "held_open")
        #expect(try infer("held").headers["retry-after"] == "5")
        #expect(try state("team/held") == "held_open")
        let closed = try gateway.request("POST", "/admin/breakers/team/held/close", port: ops)
        #expect(closed.json["state"] as? String == "closed")
        #expect(try infer("held").status == 200)

        #expect(try gateway.request("POST", "/admin/breakers/good/open", port: ops).status == 404)
        #expect(try gateway.request("POST", "/admin/breakers/nobody/open", port: ops).code == "model_not_found")
        #expect(try gateway.request("POST", "/admin/breakers/alone/burn", port: ops).status == 404)
        #expect(try gateway.request("GET", "/admin/breakers/alone/open", port: ops).status == 405)
    }
}

/// What reloads do to breakers.
@Suite struct BreakerReloadTests {
    private static func yaml(drain: String = "25s", model: String = "{}", open: String = "1h") -> String {
        """
        version: 1
        listeners: { public: { address: LISTENER, serves: [inference, metrics, admin] } }
        models:
          m: { plugin: stub_faulty, config: \(model), breaker: { failures: 1, open: \(open) } }
        auth: none
        drain: \(drain)
        """
    }

    @Test func breakersOfModelsThatDidNotChangeGoOn() throws {
        let gateway = try GatewayFixture(Self.yaml(model: "{ behaviour: fail }"))
        func infer() throws -> String? { try gateway.post("/v1/infer/m", "[[1,2]]").code }
        #expect(try infer() == "model_failed")
        #expect(try infer() == "model_unavailable")
        #expect(try gateway.get("/v2/health/ready").json["ready"] as? Bool == false)

        try gateway.write(Self.yaml(drain: "24s", model: "{ behaviour: fail }"))
        #expect(try gateway.request("POST", "/admin/reload", port: gateway.port).status == 200)
        #expect(try infer() == "model_unavailable")

        // Other settings are another breaker, but the model stays loaded.
        try gateway.write(Self.yaml(drain: "24s", model: "{ behaviour: fail }", open: "2h"))
        let other = try gateway.request("POST", "/admin/reload", port: gateway.port)
        #expect(other.json["loaded"] as? [String] == [])
        #expect(
            other.json["changes"] as? [String] == [
                #"~ models.m.breaker.open: "1h" -> "2h""#, #"~ models.m.breaker.longest: "1h" -> "2h""#,
            ])
        #expect(try infer() == "model_failed")
        #expect(try infer() == "model_unavailable")

        // And so is another model.
        try gateway.write(Self.yaml(drain: "24s", open: "2h"))
        #expect(try gateway.request("POST", "/admin/reload", port: gateway.port).json["loaded"] as? [String] == ["m"])
        #expect(try infer() == nil)
    }
}
