import Foundation
import Testing

/// Pipelines under all that keeps answers coming: rungs of every kind, retries, hedges, shadows. Each test has models of its own.
@Suite(
    .gateway(
        """
        version: 1
        listeners:
          public: { address: LISTENER, serves: [inference, metrics] }
          ops: { address: LISTENER, serves: [admin] }
        models:
          first: { plugin: echo, config: { inputs: [{ name: x, datatype: FP32, shape: [-1, -1] }], outputs: [{ name: middle }] } }
          spare: { plugin: echo, config: { inputs: [{ name: x, datatype: FP32, shape: [-1, -1] }], outputs: [{ name: y }] } }
          effects: { plugin: stub_faulty, config: { streams: false, no_retry: true } }
          full: { plugin: stub_faulty, config: { streams: false, behaviour: slow, for: 30s, concurrency: 1 }, queue: 0 }
          good: { plugin: stub_faulty, config: { streams: false } }
          other: { plugin: stub_faulty, config: { streams: false } }
          kept: { plugin: stub_faulty, config: { streams: false, deterministic: true, behaviour: fail-nth, nth: 2 } }
          sometimes: { plugin: stub_faulty, config: { streams: false, behaviour: fail-nth, nth: 2 } }
          fails: { plugin: stub_faulty, config: { streams: false, behaviour: fail } }
          hangs: { plugin: stub_faulty, config: { streams: false, behaviour: hang, for: 30s } }
          stalls: { plugin: stub_faulty, config: { streams: false, behaviour: slow-nth, nth: 2, for: 30s, concurrency: 4 }, queue: 0 }
          slow-once: { plugin: stub_faulty, config: { streams: false, behaviour: slow-nth, nth: 2, for: 100ms, no_retry: true } }
          parts: { plugin: stub_faulty, config: { behaviour: stream, parts: 4 } }
          parts2: { plugin: stub_faulty, config: { behaviour: stream, parts: 4 } }

          sure: { steps: [first, { model: good, inputs: { INPUT0: middle }, outputs: { OUTPUT0: y } }], outputs: [y, middle] }
          also-sure: { steps: [first, { model: other, inputs: { INPUT0: middle }, outputs: { OUTPUT0: y } }], outputs: [y, middle] }
          old: { steps: [first, { model: kept, inputs: { INPUT0: middle }, outputs: { OUTPUT0: y } }], cache: { age: 1ms } }
          metered: { steps: [first, { model: good, inputs: { INPUT0: middle }, outputs: { OUTPUT0: y } }], limits: few }
          again: { steps: [first, { model: sometimes, inputs: { INPUT0: middle }, outputs: { OUTPUT0: y } }] }
          crowded:
            steps:
              - first
              - { model: effects, inputs: { INPUT0: middle }, outputs: { OUTPUT0: noted } }
              - { model: full, inputs: { INPUT0: noted }, outputs: { OUTPUT0: y } }
          stalling: { steps: [first, { model: stalls, inputs: { INPUT0: middle }, outputs: { OUTPUT0: y } }] }
          once: { steps: [first, { model: slow-once, inputs: { INPUT0: middle }, outputs: { OUTPUT0: y } }] }
          good-two: { steps: [first, { model: good, inputs: { INPUT0: middle }, outputs: { OUTPUT0: y } }] }
          other-two: { steps: [first, { model: other, inputs: { INPUT0: middle }, outputs: { OUTPUT0: y } }] }
          failing: { steps: [first, { model: fails, inputs: { INPUT0: middle }, outputs: { OUTPUT0: y } }] }
          hanging: { steps: [first, { model: hangs, inputs: { INPUT0: middle }, outputs: { OUTPUT0: y } }] }
          told: { steps: [first, { model: parts, inputs: { INPUT0: middle }, outputs: { OUTPUT0: y } }] }
          told-too: { steps: [first, { model: parts2, inputs: { INPUT0: middle }, outputs: { OUTPUT0: y } }] }
        auth: none
        limits: { few: [{ count: requests, max: 1/hour }] }
        routes:
          - { match: { model: unsure }, send: sure, fallback: [{ low_confidence: { output: y, below: 0.6 }, model: also-sure }] }
          - { match: { model: old }, send: old, fallback: [{ when: failed, stale: 1h }] }
          - { match: { model: metered }, send: metered, fallback: [{ when: quota, model: spare }] }
          - { match: { model: fixed }, send: failing, fallback: [{ when: failed, answer: { y: { datatype: FP32, shape: [1, 1], data: [7] } } }] }
          - { match: { model: again }, send: again, retry: { backoff: 1ms } }
          - { match: { model: crowded }, send: crowded, retry: { backoff: 1ms, burst: 10 } }
          - { match: { model: stalling }, send: stalling, hedge: { after: 10ms, budget: 100% } }
          - { match: { model: once }, send: once, hedge: { after: 1ms, budget: 100% } }
          - { match: { model: seen }, send: good-two, shadow: { model: other-two } }
          - { match: { model: seen-by-one }, send: other-two, shadow: { model: spare } }
          - { match: { model: seen-by-two }, send: spare, shadow: { model: good-two } }
          - { match: { model: seen-failing }, send: good-two, shadow: { model: failing } }
          - { match: { model: seen-hanging }, send: good-two, shadow: { model: hanging, timeout: 20ms, concurrency: 2 } }
          - { match: { model: told }, send: told, shadow: { model: told-too } }
        """
    ))
struct PipelineRescueTests {
    let gateway: GatewayFixture
    let ops: Int

    init() throws {
        gateway = try #require(GatewayTrait.current)
        ops = try #require(gateway.ports["ops"])
    }

    private func infer(
        _ model: String, _ rows: String = "[[1, 2, 3]]", query: String = "", headers: [String: String] = [:]
    ) throws -> Response {
        try gateway.post("/v1/infer/\(model)\(query)", #"{"inputs": {"x": \#(rows)}}"#, headers: headers)
    }

    private func outputs(_ response: Response) -> [String: [[Double]]] {
        response.json["outputs"] as? [String: [[Double]]] ?? [:]
    }

    /// What a plugin told of itself; through a pipeline as through a model.
    private func told(_ response: Response, _ name: String) -> Int? {
        (response.json["parameters"] as? [String: Any])?[name].flatMap { Int("\($0)") }
    }

    // MARK: Rungs

    @Test func anAnswerThatIsTooUnsureGoesToTheNextPipeline() throws {
        let sure = try infer("unsure", "[[0.125, 0.875]]")
        #expect(outputs(sure)["y"] == [[0.125, 0.875]] && sure.headers["sluice-model"] == "sure", "\(sure.text)")
        let other = try infer("unsure", "[[0.25, 0.5]]")
        #expect(other.headers["sluice-model"] == "also-sure" && outputs(other)["y"] == [[0.25, 0.5]], "\(other.text)")
        #expect(other.headers["sluice-fallback"] == "sure=low_confidence")
        // What tells how sure it is need not be asked for; the client gets what it wanted.
        let part = try infer("unsure", "[[0.25, 0.5]]", query: "?outputs=middle")
        #expect(
            part.headers["sluice-model"] == "also-sure" && outputs(part) == ["middle": [[0.25, 0.5]]], "\(part.text)")
    }

    @Test func anOldAnswerOfAPipelineIsKept() throws {
        #expect(try infer("old").status == 200)
        // A millisecond later it is past its age, and the step's second call fails.
        usleep(5_000)
        let old = try infer("old")
        #expect(old.status == 200 && outputs(old) == ["y": [[1, 2, 3]]], "\(old.text)")
        #expect(old.headers["sluice-cache"] == "stale" && old.headers["sluice-model"] == "old", "\(old.headers)")
        #expect(old.headers["sluice-fallback"] == "old=model_failed")
    }

    @Test func itsOwnQuotaAndTheFilesAnswer() throws {
        #expect(try infer("metered").headers["sluice-model"] == "metered")
        let rescued = try infer("metered")
        #expect(
            rescued.headers["sluice-model"] == "spare" && outputs(rescued) == ["y": [[1, 2, 3]]], "\(rescued.text)")
        let fixed = try infer("fixed")
        #expect(fixed.status == 200 && outputs(fixed) == ["y": [[7]]], "\(fixed.text)")
    }

    // MARK: The same once more

    @Test func aPipelineThatFailedIsAskedOnceMore() throws {
        #expect(told(try infer("again"), "calls") == 1)
        let saved = try infer("again")
        #expect(saved.status == 200 && told(saved, "calls") == 3, "\(saved.text)")
        #expect(saved.headers["sluice-fallback"] == "again=model_failed")
    }

    /// A full queue at the last step is no reason to ask the steps before it twice, when one of these has effects.
    @Test func aStepWithEffectsIsNotAskedTwice() throws {
        let first = try RawConnection(port: gateway.port)
        let body = #"{"inputs": {"x": [[1]]}}"#
        first.send(
            """
            POST /v1/infer/crowded HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\
            Content-Length: \(body.utf8.count)\r\n\r\n\(body)
            """)
        let begun = #"sluice_model_queue_seconds_count{model="full"}"#
        #expect(try eventually { try gateway.metric(begun) == 1 })
        let calls = #"sluice_model_seconds_count{model="effects"}"#
        let before = try gateway.metric(calls)
        let refused = try infer("crowded")
        #expect(refused.status == 503 || refused.status == 429, "\(refused.text)")
        #expect(try gateway.metric(calls) == before + 1)
        #expect(try gateway.metric(#"sluice_retries_total{route="crowded",outcome="made"}"#) == 0)
    }

    // MARK: Hedges

    /// Every second call of the last step would take 30 seconds. Its model has room for four calls and no queue, so steps of
    /// losers that weren't told to stop would soon be in the way of everybody.
    @Test func aSecondTryAnswersAndTheStepsOfTheFirstAreLetGo() throws {
        var calls = Set<Int>()
        for _ in 0..<10 {
            var answer: Response?
            #expect(
                try eventually {
                    let response = try infer("stalling")
                    guard response.code != "overloaded" else { return false }
                    answer = response
                    return true
                })
            let response = try #require(answer)
            #expect(response.status == 200 && outputs(response) == ["y": [[1, 2, 3]]], "\(response.text)")
            calls.insert(told(response, "calls") ?? 0)
        }
        #expect(calls.count == 10 && calls.allSatisfy { $0 % 2 == 1 }, "\(calls)")
        #expect(try gateway.metric(#"sluice_hedges_total{route="stalling",outcome="made"}"#) >= 9)
        #expect(
            try eventually { try gateway.metric(#"sluice_model_failures_total{model="stalls",code="cancelled"}"#) >= 9 }
        )
    }

    @Test func aPipelineWithEffectsIsNotHedged() throws {
        for call in 1...2 { #expect(told(try infer("once"), "calls") == call) }
        #expect(try gateway.metric(#"sluice_hedges_total{route="once",outcome="made"}"#) == 0)
    }

    // MARK: Shadows

    private func shadow(of route: String) throws -> [String: Any] {
        let answer = try gateway.get("/admin/shadows", port: ops)
        let shadows = answer.json["shadows"] as? [[String: Any]] ?? []
        return try #require(shadows.first { $0["route"] as? String == route })
    }

    private func count(_ name: String, of route: String) throws -> Int { try shadow(of: route)[name] as? Int ?? -1 }

    private func output(_ name: String, of route: String) throws -> [String: Any] {
        let outputs = try shadow(of: route)["outputs"] as? [[String: Any]] ?? []
        return try #require(outputs.first { $0["name"] as? String == name })
    }

    @Test(arguments: ["seen", "seen-by-one", "seen-by-two"]) func pipelinesAndModelsAreHeldAgainstEachOther(
        route: String
    ) throws {
        for _ in 0..<3 {
            let answer = try infer(route)
            #expect(answer.status == 200 && outputs(answer) == ["y": [[1, 2, 3]]], "\(answer.text)")
            // One at a time, so that none is left out for being one too many.
            #expect(try eventually { try count("running", of: route) == 0 })
        }
        #expect(try count("compared", of: route) == 3 && count("failed", of: route) == 0)
        let y = try output("y", of: route)
        #expect(y["rows"] as? Int == 3 && y["agreeing"] as? Int == 3 && y["max_error"] as? Double == 0, "\(y)")
        #expect(try count("held_bytes", of: route) == 0)
    }

    @Test func aShadowThatFailsAtAStepIsCountedAndNothingElse() throws {
        for _ in 0..<4 { #expect(try infer("seen-failing").status == 200) }
        #expect(try eventually { try count("failed", of: "seen-failing") == 4 })
        #expect(try shadow(of: "seen-failing")["failures"] as? [String: Int] == ["model_failed": 4])
        #expect(try count("held_bytes", of: "seen-failing") == 0)
    }

    @Test func aShadowThatHangsAtAStepLeavesIt() throws {
        for _ in 0..<10 { #expect(try infer("seen-hanging").status == 200) }
        #expect(try eventually { try count("running", of: "seen-hanging") == 0 })
        let failures = try shadow(of: "seen-hanging")["failures"] as? [String: Int] ?? [:]
        #expect(failures["deadline_exceeded"] ?? 0 > 0 && failures.count == 1, "\(failures)")
        #expect(
            try count("failed", of: "seen-hanging") + count("left_out_busy", of: "seen-hanging") == 10
                && count("held_bytes", of: "seen-hanging") == 0)
        // The step's model has let go of every one of them.
        let models = try gateway.get("/admin/models", port: ops).json["models"] as? [[String: Any]] ?? []
        #expect(models.contains { $0["name"] as? String == "hangs" && $0["ready"] as? Bool == true })
    }

    @Test func answersInPartsAreComparedAsAWhole() throws {
        let answer = try infer("told", headers: ["Accept": "application/x-ndjson"])
        #expect(answer.status == 200 && answer.text.split(separator: "\n").count >= 4, "\(answer.text)")
        #expect(try eventually { try count("compared", of: "told") == 1 })
        let y = try output("y", of: "told")
        #expect(y["max_error"] as? Double == 0 && y["different"] as? Int == 0, "\(y)")
        #expect(y["rows"] as? Int ?? 0 >= 4)
    }
}
