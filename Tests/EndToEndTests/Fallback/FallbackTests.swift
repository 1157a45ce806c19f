import Foundation
import Testing

/// When a model fails, the next one answers, and says so. One test at a time: they count the same models' failures.
@Suite(
    .serialized,
    .gateway(
        """
        version: 1
        listeners: { public: { address: LISTENER } }
        models:
          good: { plugin: stub_faulty, config: { behaviour: ok } }
          fails: { plugin: stub_faulty, config: { behaviour: fail, message: out of luck } }
          hangs: { plugin: stub_faulty, config: { behaviour: hang, for: 30s }, timeout: 50ms }
          deaf: { plugin: stub_faulty, config: { behaviour: hang-ignoring-cancel, for: 300ms }, timeout: 50ms }
          silent: { plugin: stub_faulty, config: { behaviour: never-answer }, timeout: 100ms }
          twice: { plugin: stub_faulty, config: { behaviour: answer-twice } }
          wrong: { plugin: stub_faulty, config: { behaviour: wrong-shape } }
          unloadable: { plugin: stub_faulty, config: { behaviour: load-fails } }
          missing: { plugin: onnxruntime, config: { file: ./no-such-model.onnx } }
          narrow: { plugin: stub_faulty, config: { behaviour: hang, concurrency: 1 }, queue: 0 }
          slow: { plugin: stub_faulty, config: { behaviour: hang, for: 30s } }
          iris:
            plugin: onnxruntime
            config: { file: ./no-such-iris.onnx }
            inputs: { X: { columns: [sepal_length, sepal_width, petal_length, petal_width] } }
          priors:
            plugin: baseline
            config:
              input: { name: X, datatype: FP32, shape: [4] }
              classes: [setosa, versicolor, virginica]
              priors: [1, 2, 1]
              outputs: { label: label, scores: probabilities }
        auth: none
        routes:
          - { match: { model: after-fails }, send: fails, fallback: [{ when: [5xx], model: good }] }
          - { match: { model: after-hangs }, send: hangs, fallback: [{ when: [timeout], model: good }] }
          - { match: { model: after-deaf }, send: deaf, fallback: [{ when: [timeout], model: good }] }
          - { match: { model: after-silent }, send: silent, fallback: [{ when: [any], model: good }] }
          - { match: { model: after-wrong }, send: wrong, fallback: [{ when: [5xx], model: good }] }
          - { match: { model: after-unloadable }, send: unloadable, fallback: [{ when: [overloaded], model: good }] }
          - { match: { model: after-missing }, send: missing, fallback: [{ when: [5xx], model: good }] }
          - { match: { model: narrow }, send: narrow }
          - name: after-narrow
            match: { model: after-narrow }
            send: narrow
            fallback: [{ when: [overloaded], model: good }]
            deadline: 500ms
          - { match: { model: twice }, send: twice, fallback: [{ when: [any], model: good }] }
          - name: ladder
            match: { model: ladder }
            send: missing
            fallback: [{ when: [5xx], model: fails }, { when: [5xx], model: hangs }, { when: [timeout], model: good }]
          - name: hopeless
            match: { model: hopeless }
            send: missing
            fallback: [{ when: [5xx], model: fails }, { when: [5xx], model: wrong }]
          - { match: { model: only-timeouts }, send: fails, fallback: [{ when: [timeout], model: good }] }
          - { match: { model: iris }, send: iris, fallback: [{ when: [5xx], model: priors }] }
          - name: late
            match: { model: late }
            send: slow
            fallback: [{ when: [any], model: good }]
            deadline: 100ms
        """))
struct FallbackTests {
    let gateway: GatewayFixture

    init() throws { gateway = try #require(GatewayTrait.current) }

    private func infer(_ model: String) throws -> Response { try gateway.post("/v1/infer/\(model)", "[[1,2]]") }

    @Test func aBaselineAnswersForAModelWhoseFileIsGone() throws {
        let flowers = "sepal_length,sepal_width,petal_length,petal_width\n5.1,3.5,1.4,0.2\n6.3,3.3,6.0,2.5\n"
        let response = try gateway.post("/v1/infer/iris", flowers, type: "text/csv")
        #expect(response.status == 200, "\(response.text)")
        let outputs = response.json["outputs"] as? [String: Any]
        #expect(outputs?["label"] as? [String] == ["versicolor", "versicolor"])
        #expect(outputs?["probabilities"] as? [[Double]] == [[0.25, 0.5, 0.25], [0.25, 0.5, 0.25]])
        #expect(response.headers["sluice-fallback"] == "iris=model_unavailable")
        #expect(response.headers["sluice-model"] == "priors")
    }

    @Test(arguments: [
        ("fails", "model_failed"), ("hangs", "deadline_exceeded"), ("deaf", "deadline_exceeded"),
        ("silent", "deadline_exceeded"), ("wrong", "model_broke_contract"), ("unloadable", "model_unavailable"),
        ("missing", "model_unavailable"),
    ])
    func theNextRungAnswers(model: String, code: String) throws {
        let series = "sluice_model_failures_total{model=\"\(model)\",code=\"\(code)\"}"
        let before = try gateway.metric(series)
        let response = try infer("after-\(model)")
        #expect(response.status == 200, "\(response.text)")
        #expect((response.json["outputs"] as? [String: [[Double]]])?["OUTPUT0"] == [[1, 2]])
        #expect(response.json["model"] as? String == "after-\(model)")
        #expect(response.headers["sluice-model"] == "good")
        #expect(response.headers["sluice-fallback"] == "\(model)=\(code)")
        #expect(try gateway.metric(series) == before + 1)
        #expect(
            try gateway.metric("sluice_fallbacks_total{route=\"after-\(model)\",model=\"good\"}") == 1)
        #expect(
            try gateway.metric("sluice_requests_total{route=\"after-\(model)\",model=\"good\",code=\"ok\"}") == 1)
    }

    @Test func aSecondAnswerIsNotHeard() throws {
        let response = try infer("twice")
        #expect(response.status == 200)
        #expect(response.headers["sluice-model"] == "twice")
        #expect(response.headers["sluice-fallback"] == nil)
        #expect(eventually { gateway.log.contains("second") || gateway.log.contains("final") }, "\(gateway.log)")
    }

    @Test func theWholeLadderIsClimbed() throws {
        let response = try infer("ladder")
        #expect(response.status == 200)
        #expect(response.headers["sluice-model"] == "good")
        #expect(
            response.headers["sluice-fallback"]
                == "missing=model_unavailable, fails=model_failed, hangs=deadline_exceeded")
    }

    @Test func whenAllFailTheLastFailureIsTold() throws {
        let response = try infer("hopeless")
        #expect(response.status == 502)
        #expect(response.code == "model_broke_contract")
        #expect(response.headers["sluice-model"] == "wrong")
        #expect(response.headers["sluice-fallback"]?.hasPrefix("missing=model_unavailable, fails=model_failed") == true)
        #expect(response.json["request_id"] as? String == response.headers["x-request-id"])
    }

    @Test func aFailureOfAnotherKindIsNotSaved() throws {
        let response = try infer("only-timeouts")
        #expect(response.status == 500)
        #expect(response.code == "model_failed")
        #expect(response.error?.contains("out of luck") == true)
    }

    @Test func theDeadlineEndsEveryAttempt() throws {
        let started = Date()
        let response = try infer("late")
        #expect(response.status == 504)
        #expect(response.code == "deadline_exceeded")
        #expect(Date().timeIntervalSince(started) < 10)
    }

    @Test func anOverloadedModelHandsOver() throws {
        // One call holds the model's only place until its client leaves. Should it come second, it is tried again.
        #expect(
            try eventually {
                let holder = try RawConnection(port: gateway.port)
                holder.send("GET /v2/health/live HTTP/1.1\r\nHost: a\r\n\r\n")
                _ = try holder.response()
                holder.send("POST /v1/infer/narrow HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\n[[1,2]]")
                defer { withExtendedLifetime(holder) {} }
                let response = try infer("after-narrow")
                return response.status == 200 && response.headers["sluice-fallback"] == "narrow=overloaded"
            })
    }

    /// What the routes do for the clients, readiness tells the operator.
    @Test func readinessIsToldPerModel() throws {
        #expect(try gateway.metric(#"sluice_model_ready{model="good"}"#) == 1)
        #expect(try gateway.metric(#"sluice_model_ready{model="missing"}"#) == 0)
        #expect(try gateway.get("/v2/models/ladder/ready").status == 200)
        #expect(try gateway.get("/v2/health/live").status == 200)
        #expect(gateway.log.contains(#""message":"model not loaded""#))
    }
}
