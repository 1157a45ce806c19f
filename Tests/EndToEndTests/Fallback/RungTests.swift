import Foundation
import Testing

/// Rungs that ask no model, and rungs that no failure leads to. Each test has models of its own.
@Suite(
    .gateway(
        """
        version: 1
        listeners: { public: { address: LISTENER, serves: [inference, metrics] } }
        models:
          good: { plugin: stub_faulty }
          fails: { plugin: stub_faulty, config: { behaviour: fail } }
          hangs: { plugin: stub_faulty, config: { behaviour: hang, for: 30s } }
          rows: { plugin: stub_faulty, config: { behaviour: fail, batching: concat } }
          first: { plugin: stub_faulty, config: { batching: concat } }
          better: { plugin: stub_faulty, config: { batching: concat } }
          doubtful: { plugin: stub_faulty, config: { batching: concat } }
          worse: { plugin: stub_faulty, config: { behaviour: fail, batching: concat } }
          kept:
            plugin: stub_faulty
            config: { streams: false, deterministic: true, behaviour: fail-nth, nth: 2 }
            cache: { age: 1ms }
          empty: { plugin: stub_faulty, config: { streams: false, deterministic: true, behaviour: fail }, cache: {} }
          small: { plugin: stub_faulty, limits: few }
          metered: { plugin: stub_faulty, limits: none-left }
        limits:
          few: [{ count: requests, max: 1/hour }]
          none-left: [{ count: requests, max: 1/hour }]
        auth: none
        routes:
          - match: { model: fixed }
            send: fails
            fallback: [{ when: failed, answer: { OUTPUT0: { datatype: FP32, shape: [1, 3], data: [0.5, 0.25, -1] } } }]
          - match: { model: fixed-late }
            send: hangs
            deadline: 50ms
            fallback: [{ when: timeout, answer: { OUTPUT0: { datatype: FP32, shape: [1, 1], data: [7] } } }]
          - match: { model: fixed-rows }
            send: rows
            fallback: [{ when: any, answer: { OUTPUT0: { datatype: FP32, shape: [1, 2], data: [3, 4] } } }]
          - match: { model: sure }
            send: first
            fallback: [{ low_confidence: { output: OUTPUT0, below: 0.6 }, model: better }]
          - match: { model: unsure }
            send: doubtful
            fallback:
              - { low_confidence: { output: OUTPUT0, below: 0.6 }, when: 5xx, model: worse }
          - match: { model: old }
            send: kept
            fallback: [{ when: failed, stale: 1h }]
          - match: { model: nothing-kept }
            send: empty
            fallback: [{ when: failed, stale: 1h }, { when: failed, model: good }]
          - match: { model: small }
            send: small
            fallback: [{ when: quota, model: good }]
          - { match: { model: metered }, send: metered, fallback: [{ when: any, model: good }] }
        """))
struct RungTests {
    let gateway: GatewayFixture

    init() throws { gateway = try #require(GatewayTrait.current) }

    private func infer(_ model: String, _ rows: [[Double]], more: String = "") throws -> Response {
        let width = rows.first?.count ?? 0
        return try gateway.post(
            "/v2/models/\(model)/infer",
            #"""
            {"inputs":[{"name":"INPUT0","shape":[\#(rows.count),\#(width)],"datatype":"FP32","data":\#(rows)}]\#(more)}
            """#)
    }

    @Test func theFilesOwnAnswerIsGivenForAModelThatFails() throws {
        let answer = try infer("fixed", [[1, 2]])
        #expect(answer.status == 200, "\(answer.text)")
        #expect(answer.values == [0.5, 0.25, -1] && answer.shape == [1, 3])
        #expect(answer.headers["sluice-fallback"] == "fails=model_failed")
        #expect(answer.headers["sluice-rung"] == "1")
        #expect(answer.headers["sluice-model"] == nil)
        #expect(try gateway.metric(#"sluice_requests_total{route="fixed",model="(answer)",code="ok"}"#) == 1)
        #expect(try gateway.metric(#"sluice_fallbacks_total{route="fixed",model="(answer)"}"#) == 1)
        // In whatever form the client wants it.
        let csv = try gateway.request(
            "POST", "/v1/infer/fixed", headers: ["accept": "text/csv"], body: Array("[[1,2]]".utf8))
        #expect(csv.status == 200 && csv.text.contains("0.5,0.25,-1"), "\(csv.text)")
    }

    @Test func itNeedsNoTime() throws {
        let answer = try infer("fixed-late", [[1]])
        #expect(answer.status == 200 && answer.values == [7], "\(answer.text)")
        #expect(answer.headers["sluice-fallback"] == "hangs=deadline_exceeded")
    }

    @Test func itHasAsManyRowsAsTheRequest() throws {
        for count in 1...3 {
            let answer = try infer("fixed-rows", Array(repeating: [1, 2], count: count))
            #expect(answer.shape == [count, 2], "\(answer.text)")
            #expect(answer.values == Array(repeating: [3, 4], count: count).flatMap { $0 })
        }
    }

    @Test func anUnsureAnswerIsDoneBetter() throws {
        let sure = try infer("sure", [[0.1, 0.9], [0.7, 0.2]])
        #expect(sure.headers["sluice-model"] == "first" && sure.headers["sluice-rung"] == nil)
        // One row is enough, and NaN is no confidence.
        let unsure = try infer("sure", [[0.1, 0.9], [0.5, 0.2]])
        #expect(unsure.status == 200 && unsure.values.count == 4, "\(unsure.text)")
        #expect(unsure.headers["sluice-model"] == "better" && unsure.headers["sluice-rung"] == "1")
        #expect(unsure.headers["sluice-fallback"] == "first=low_confidence")
        #expect(try gateway.metric(#"sluice_model_failures_total{model="first",code="low_confidence"}"#) == 0)
    }

    @Test func whereNothingBetterComesTheUnsureAnswerIsGiven() throws {
        let answer = try infer("unsure", [[0.5, 0.2]])
        #expect(answer.status == 200 && answer.values == [0.5, 0.2], "\(answer.text)")
        #expect(answer.headers["sluice-model"] == "doubtful" && answer.headers["sluice-rung"] == nil)
        #expect(answer.headers["sluice-fallback"] == "doubtful=low_confidence, worse=model_failed")
    }

    @Test func anOldAnswerIsGivenWithItsAge() throws {
        #expect(try infer("old", [[1, 2]]).headers["sluice-cache"] == "miss")
        var stale: Response?
        let came = try eventually {
            let answer = try infer("old", [[1, 2]])
            #expect(answer.status == 200, "\(answer.text)")
            if answer.headers["sluice-cache"] == "stale" { stale = answer }
            return stale != nil
        }
        #expect(came)
        #expect(stale?.values == [1, 2])
        #expect(stale?.headers["age"].flatMap { Int($0) } != nil)
        #expect(stale?.headers["sluice-model"] == "kept" && stale?.headers["sluice-rung"] == "1")
        #expect(stale?.headers["sluice-fallback"] == "kept=model_failed")
    }

    @Test func whereNothingIsKeptTheNextRungAnswers() throws {
        let answer = try infer("nothing-kept", [[1, 2]])
        #expect(answer.status == 200)
        #expect(answer.headers["sluice-model"] == "good" && answer.headers["sluice-rung"] == "2")
        #expect(answer.headers["sluice-cache"] == nil)
    }

    @Test func aModelsOwnLimitsMayLeadOn() throws {
        #expect(try infer("small", [[1]]).headers["sluice-model"] == "small")
        let next = try infer("small", [[1]])
        #expect(next.status == 200, "\(next.text)")
        #expect(next.headers["sluice-model"] == "good")
        #expect(next.headers["sluice-fallback"] == "small=quota_exceeded")
        // Only where the file says so.
        #expect(try infer("metered", [[1]]).status == 200)
        #expect(try infer("metered", [[1]]).code == "quota_exceeded")
    }
}

/// Nobody gets around their own limits by a rung.
@Suite(
    .gateway(
        """
        version: 1
        listeners: { public: { address: LISTENER } }
        models:
          small: { plugin: stub_faulty, limits: few }
          good: { plugin: stub_faulty }
        limits:
          few: [{ count: requests, max: 1/hour }]
          own: [{ count: requests, max: 3/hour }]
        auth: none
        consumers: { anonymous: { limits: own } }
        routes:
          - { match: { model: small }, send: small, fallback: [{ when: quota, model: good }] }
        """))
struct QuotaRungTests {
    @Test func theCallersLimitsHoldOnEveryRung() throws {
        let gateway = try #require(GatewayTrait.current)
        let models = try (0..<5).map { _ in try gateway.post("/v1/infer/small", "[[1,2]]") }
        #expect(models.map(\.status) == [200, 200, 200, 429, 429])
        #expect(models.prefix(3).map { $0.headers["sluice-model"] } == ["small", "good", "good"])
    }
}
