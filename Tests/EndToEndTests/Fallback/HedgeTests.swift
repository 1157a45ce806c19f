import Foundation
import Testing

/// A try that takes long is joined by a second one, and one answer goes out. Each test has models of its own.
@Suite(
    .gateway(
        """
        version: 1
        listeners: { public: { address: LISTENER, serves: [inference, metrics] } }
        models:
          stalls:
            plugin: stub_faulty
            config: { behaviour: slow-nth, nth: 2, for: 30s, streams: false, concurrency: 4 }
            queue: 0
          learns: { plugin: stub_faulty, config: { behaviour: slow-nth, nth: 25, for: 30s, streams: false } }
          counted:
            plugin: stub_faulty
            config: { behaviour: slow-nth, nth: 2, for: 30s, streams: false }
            limits: few
          once: { plugin: stub_faulty, config: { behaviour: slow-nth, nth: 2, for: 100ms, streams: false, no_retry: true } }
          broken: { plugin: stub_faulty, config: { behaviour: fail, streams: false } }
          hopeless: { plugin: stub_faulty, config: { behaviour: hang, for: 30s, streams: false }, timeout: 100ms }
          left:
            plugin: stub_faulty
            config: { behaviour: hang, for: 30s, streams: false, concurrency: 2 }
            queue: 0
          spare: { plugin: stub_faulty }
        limits: { few: [{ count: requests, max: 5/hour }] }
        auth: none
        routes:
          - { match: { model: stalls }, send: stalls, hedge: { after: 10ms, budget: 100% } }
          - { match: { model: learns }, send: learns, hedge: { after: p90, budget: 20% } }
          - { match: { model: counted }, send: counted, hedge: { after: 10ms } }
          - { match: { model: once }, send: once, hedge: { after: 1ms } }
          - { match: { model: broken }, send: broken, hedge: { after: 1ms } }
          - { match: { model: left }, send: left, hedge: { after: 50ms } }
          - match: { model: hopeless }
            send: hopeless
            hedge: { after: 10ms }
            fallback: [{ when: timeout, model: spare }]
        """))
struct HedgeTests {
    let gateway: GatewayFixture

    init() throws { gateway = try #require(GatewayTrait.current) }

    private func infer(_ model: String) throws -> Response {
        try gateway.post(
            "/v2/models/\(model)/infer",
            #"{"inputs":[{"name":"INPUT0","shape":[1,2],"datatype":"FP32","data":[1,2]}]}"#)
    }

    private func hedges(_ route: String, _ outcome: String) throws -> Double {
        try gateway.metric("sluice_hedges_total{route=\"\(route)\",outcome=\"\(outcome)\"}")
    }

    /// Every second call would take 30 seconds. The model has room for four calls and no queue, so losers that weren't told
    /// to stop would soon be in the way of everybody.
    @Test func aSecondTryAnswersAndTheFirstIsLetGo() throws {
        let started = Date()
        var calls = Set<Int>()
        for _ in 0..<10 {
            // The one that lost may take a moment to stop.
            var answer: Response?
            #expect(
                try eventually {
                    let response = try infer("stalls")
                    guard response.code != "overloaded" else { return false }
                    answer = response
                    return true
                })
            #expect(answer?.status == 200, "\(answer?.text ?? "")")
            #expect(answer?.values == [1, 2])
            #expect(answer?.headers["sluice-fallback"] == nil)
            calls.insert(answer?.told("calls") ?? 0)
        }
        #expect(calls.count == 10 && calls.allSatisfy { $0 % 2 == 1 }, "\(calls)")
        #expect(Date().timeIntervalSince(started) < 25)
        let made = try hedges("stalls", "made")
        #expect(made >= 9)
        #expect(try hedges("stalls", "won") == made)
        #expect(try gateway.metric(#"sluice_requests_total{route="stalls",model="stalls",code="ok"}"#) == 10)
    }

    @Test func whatIsLongIsLearnt() throws {
        for _ in 0..<300 {
            #expect(try infer("learns").status == 200)
            if try hedges("learns", "won") >= 1 { return }
        }
        Issue.record("no second try was ever made in time")
    }

    @Test func quotasCountTheRequestOnce() throws {
        for _ in 0..<5 { #expect(try infer("counted").status == 200) }
        #expect(try infer("counted").code == "quota_exceeded")
        #expect(try hedges("counted", "won") == 4)
    }

    @Test func aModelWithEffectsIsAskedOnce() throws {
        for calls in 1...4 { #expect(try infer("once").told("calls") == calls) }
        #expect(try hedges("once", "made") == 0)
    }

    @Test func whereBothComeTooLateTheNextRungAnswers() throws {
        let answer = try infer("hopeless")
        #expect(answer.status == 200, "\(answer.text)")
        #expect(answer.headers["sluice-fallback"] == "hopeless=deadline_exceeded")
        #expect(answer.headers["sluice-model"] == "spare")
        #expect(try hedges("hopeless", "made") == 1)
        #expect(try hedges("hopeless", "won") == 0)
    }

    @Test func aFailureBeforeThatIsJustAFailure() throws {
        #expect(try infer("broken").code == "model_failed")
    }

    /// A client that leaves takes both tries with it: both places of the model are free again.
    @Test func whoLeavesEndsBoth() throws {
        var connection: RawConnection? = try RawConnection(port: gateway.port)
        connection?.send("POST /v1/infer/left HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\n[[1,2]]")
        #expect(try eventually { try hedges("left", "made") == 1 })
        connection = nil
        #expect(
            try eventually {
                let both = try (0..<2).map { _ in try RawConnection(port: gateway.port) }
                for connection in both {
                    connection.send(
                        Backlog.request("left", rows: [[1]], parameters: #""behaviour": "slow", "for": "30ms""#))
                }
                return try both.map { try $0.response().status } == [200, 200]
            })
    }
}
