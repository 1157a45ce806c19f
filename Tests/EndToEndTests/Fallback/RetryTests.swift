import Foundation
import Testing

/// A model that failed is asked once more where that does no harm, and never more often than the budget allows. Each test
/// has models of its own.
@Suite(
    .gateway(
        """
        version: 1
        listeners: { public: { address: LISTENER, serves: [inference, metrics] } }
        models:
          second: { plugin: stub_faulty, config: { behaviour: fail-nth, nth: 2 } }
          once: { plugin: stub_faulty, config: { behaviour: fail-nth, nth: 2, no_retry: true } }
          down: { plugin: stub_faulty, config: { behaviour: fail } }
          spare: { plugin: stub_faulty }
        auth: none
        routes:
          - { match: { model: second }, send: second, retry: { backoff: 1ms } }
          - { match: { model: once }, send: once, retry: { backoff: 1ms } }
          - { match: { model: down }, send: down, retry: { attempts: 4, backoff: 1ms, burst: 5 } }
          - match: { model: chain }
            send: down
            retry: { backoff: 1ms, burst: 2 }
            fallback: [{ when: failed, model: spare }]
        """))
struct RetryTests {
    let gateway: GatewayFixture

    init() throws { gateway = try #require(GatewayTrait.current) }

    private func infer(_ model: String, parameters: String = "") throws -> Response {
        try gateway.post(
            "/v2/models/\(model)/infer",
            #"""
            {"inputs":[{"name":"INPUT0","shape":[1,2],"datatype":"FP32","data":[1,2]}],"parameters":{\#(parameters)}}
            """#)
    }

    @Test func aFailureIsSavedByASecondTry() throws {
        #expect(try infer("second").headers["sluice-fallback"] == nil)
        let saved = try infer("second")
        #expect(saved.status == 200, "\(saved.text)")
        #expect(saved.told("calls") == 3)
        #expect(saved.headers["sluice-model"] == "second")
        #expect(saved.headers["sluice-fallback"] == "second=model_failed")
        #expect(try gateway.metric(#"sluice_retries_total{route="second",outcome="made"}"#) == 1)
        #expect(try gateway.metric(#"sluice_requests_total{route="second",model="second",code="ok"}"#) == 2)
        // What the request is at fault for stays so.
        let wrong = try infer("second", parameters: #""behaviour":"fail","status":"INVALID_ARGUMENT""#)
        #expect(
            wrong.code == "model_rejected_input" && wrong.headers["sluice-fallback"] == "second=model_rejected_input")
    }

    @Test func aModelWithEffectsIsNotAskedTwice() throws {
        #expect(try infer("once").status == 200)
        let failed = try infer("once")
        #expect(failed.status == 500)
        #expect(try infer("once").told("calls") == 3)
        #expect(try gateway.metric(#"sluice_retries_total{route="once",outcome="made"}"#) == 0)
    }

    @Test func inAnOutageTheBudgetIsTheEndOfIt() throws {
        for _ in 0..<50 { #expect(try infer("down").status == 500) }
        #expect(try gateway.metric(#"sluice_retries_total{route="down",outcome="made"}"#) == 5)
        #expect(try gateway.metric(#"sluice_retries_total{route="down",outcome="over_budget"}"#) > 40)
    }

    @Test func theNextRungComesAfterTheRetries() throws {
        for turn in 0..<4 {
            let answer = try infer("chain")
            #expect(answer.status == 200)
            #expect(answer.headers["sluice-model"] == "spare")
            #expect(
                answer.headers["sluice-fallback"]
                    == (turn < 2 ? "down=model_failed, down=model_failed" : "down=model_failed"))
        }
    }
}
