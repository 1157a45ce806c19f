import Foundation
import Testing

/// Models made of models in a real gateway: to every client and every rule a model like any other.
@Suite(
    .serialized,
    .gateway(
        """
        version: 1
        listeners:
          public: { address: LISTENER, serves: [inference, metrics] }
        models:
          first:
            plugin: echo
            config: { inputs: [{ name: x, datatype: FP32, shape: [-1, -1] }], outputs: [{ name: middle }] }
          second: { plugin: stub_faulty, config: { streams: false, no_retry: true }, limits: [none] }
          apart: { plugin: stub_faulty, isolation: process, config: { streams: false, no_retry: true } }
          slow: { plugin: stub_faulty, config: { streams: false, behaviour: hang, for: 30s }, timeout: 50ms }
          fragile:
            plugin: stub_faulty
            config: { streams: false, no_retry: true }
            breaker: { failures: 2, open: 1h, longest: 1h }
          two:
            steps: [first, { model: second, inputs: { INPUT0: middle }, outputs: { OUTPUT0: y } }]
          nested: { steps: [{ model: two, outputs: { y: z } }, { model: apart, inputs: { INPUT0: z } }] }
          late: { steps: [first, { model: slow, inputs: { INPUT0: middle }, outputs: { OUTPUT0: y } }] }
          breaks: { steps: [first, { model: fragile, inputs: { INPUT0: middle }, outputs: { OUTPUT0: y } }] }
          side:
            steps:
              - first
              - { model: second, inputs: { INPUT0: x }, outputs: { OUTPUT0: y } }
            outputs: [y, middle]
          spare:
            plugin: echo
            config: { inputs: [{ name: x, datatype: FP32, shape: [-1, -1] }], outputs: [{ name: y }] }
        auth: api_keys
        limits:
          none: [{ count: requests, max: 1/hour }]
          some: [{ count: requests, max: 1000/hour }]
          few: [{ count: requests, max: 2/hour }]
        consumers:
          all: { keys: [{ id: all, hash: "sha256:76a34b02e3041e6992e02d2948d7c8452c5682ba34e1ab7c648a06fa01967009" }], allow: { models: ["*"] }, limits: [some] }
          only: { keys: [{ id: only, hash: "sha256:546ec7269b54eed3e3cadc1d3fe836cb4aee36585200184052c007c9a2ce57a3" }], allow: { models: [two] }, limits: [few] }
        routes:
          - { match: { model: two }, send: two }
          - { match: { model: second }, send: second }
          - { match: { model: nested }, send: nested }
          - { match: { model: late }, send: late, deadline: 20s }
          - { match: { model: tight }, send: two, deadline: 100ms }
          - { match: { model: patient }, send: two, deadline: 20s }
          - { match: { model: breaks }, send: breaks }
          - { match: { model: side }, send: side }
          - { match: { model: rescued }, send: late, fallback: [{ when: [timeout], model: spare }] }
          - { match: { model: rescuing }, send: spare, fallback: [{ when: [5xx], model: two }] }
        """
    ))
struct PipelineTests {
    static let key = "slk_all_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ"
    static let other = "slk_only_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP"
    private static let rows = #"{"inputs": {"x": [[1, 2, 3]]}}"#

    private func gateway() throws -> GatewayFixture { try #require(GatewayTrait.current) }

    private func infer(
        _ model: String, _ body: String = PipelineTests.rows, as key: String = PipelineTests.key, query: String = ""
    ) throws -> Response {
        try gateway().post(
            "/v1/infer/\(model)\(query)", body, headers: ["Authorization": "Bearer \(key)"])
    }

    private func told(_ parameters: String) -> String {
        #"{"inputs": {"x": [[1, 2, 3]]}, "parameters": {\#(parameters)}}"#
    }

    private func outputs(_ response: Response) -> [String: [[Double]]] {
        response.json["outputs"] as? [String: [[Double]]] ?? [:]
    }

    @Test func whatGoesInComesThroughAllSteps() throws {
        let answer = try infer("two")
        #expect(answer.status == 200, "\(answer.text)")
        #expect(outputs(answer) == ["y": [[1, 2, 3]]])
        #expect(answer.headers["sluice-model"] == "two")
        // What a step tells along with its outputs is told along with the pipeline's.
        #expect((answer.json["parameters"] as? [String: Any])?["calls"] != nil)
        #expect(outputs(try infer("nested")) == ["OUTPUT0": [[1, 2, 3]]])
        #expect(outputs(try infer("side")) == ["y": [[1, 2, 3]], "middle": [[1, 2, 3]]])
        #expect(outputs(try infer("side", query: "?outputs=middle")) == ["middle": [[1, 2, 3]]])
    }

    @Test func itDescribesItselfAsAModel() throws {
        let headers = ["Authorization": "Bearer \(Self.key)"]
        let metadata = try gateway().get("/v2/models/two", headers: headers).json
        #expect(metadata["platform"] as? String == "sluice_pipeline")
        let inputs = metadata["inputs"] as? [[String: Any]]
        #expect(inputs?.map { $0["name"] as? String } == ["x"])
        #expect(inputs?.first?["shape"] as? [Int] == [-1, -1])
        #expect(try gateway().get("/v2/models/two/ready", headers: headers).status == 200)
        let answer = try gateway().post(
            "/v2/models/two/infer",
            #"{"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [4, 5]}]}"#, headers: headers)
        let first = (answer.json["outputs"] as? [[String: Any]])?.first
        #expect(first?["name"] as? String == "y" && first?["data"] as? [Double] == [4, 5], "\(answer.text)")
        let page = try gateway().get("/v1/models/two", headers: headers)
        #expect(page.status == 200 && page.text.contains("\"x\""), "\(page.text)")
        #expect(try gateway().get("/openapi.json", headers: headers).text.contains("/v1/infer/two"))
        let listed = try gateway().get("/v1/models", headers: ["Authorization": "Bearer \(Self.other)"])
        #expect(listed.text.contains("\"two\"") && !listed.text.contains("\"second\""), "\(listed.text)")
    }

    @Test func rightsAndQuotasAreThePipelinesAlone() throws {
        #expect(try infer("second", as: Self.other).status == 404, "it may not use the step's model by itself")
        for _ in 0..<2 { #expect(try infer("two", as: Self.other).status == 200) }
        let refused = try infer("two", as: Self.other)
        #expect(refused.code == "quota_exceeded", "two requests, not four: \(refused.text)")
        // One request to the step's model is all that its own limit gives; what came through the pipeline took none.
        let own = #"{"inputs": {"INPUT0": [[1]]}}"#
        #expect(try infer("second", own).status == 200)
        #expect(try infer("second", own).code == "quota_exceeded")
        #expect(try infer("two").status == 200)
    }

    @Test func aFailureNamesItsStep() throws {
        let answer = try infer("two", told(#""behaviour": "fail", "message": "no luck""#))
        #expect(answer.status == 500 && answer.code == "model_failed")
        #expect(answer.error == #"step 2 of "two": model "second": no luck"#, "\(answer.text)")
        #expect((answer.json["detail"] as? [String: Any])?["step"] as? String == "second")
        let inner = try infer("nested", told(#""behaviour": "fail", "message": "no luck""#))
        #expect(inner.error == #"step 1 of "nested": step 2 of "two": model "second": no luck"#, "\(inner.text)")
        let unknown = try infer("two", #"{"inputs": {"z": [[1]]}}"#)
        #expect(unknown.status == 400 && unknown.code == "invalid_input", "\(unknown.text)")
    }

    @Test func aCrashIsThatOfItsStepAndPasses() throws {
        // The first step's model runs in the gateway; only the other has a process to lose.
        let gateway = try GatewayFixture(
            """
            version: 1
            listeners: { public: { address: LISTENER } }
            models:
              first:
                plugin: echo
                config: { inputs: [{ name: x, datatype: FP32, shape: [-1, -1] }], outputs: [{ name: middle }] }
              apart: { plugin: stub_faulty, isolation: process, config: { streams: false } }
              two: { steps: [first, { model: apart, inputs: { INPUT0: middle }, outputs: { OUTPUT0: y } }] }
            auth: none
            """)
        let answer = try gateway.post("/v1/infer/two", told(#""behaviour": "segfault""#))
        #expect(answer.status == 503 && answer.code == "plugin_crashed", "\(answer.text)")
        #expect(answer.error?.hasPrefix(#"step 2 of "two""#) == true, "\(answer.text)")
        #expect(try eventually { try gateway.post("/v1/infer/two", Self.rows).status == 200 })
    }

    @Test func theDeadlineIsForAllStepsTogether() throws {
        let whole = try infer("tight", told(#""behaviour": "hang", "for": "30s""#))
        #expect(whole.status == 504 && whole.code == "deadline_exceeded", "\(whole.text)")
        #expect(
            whole.error?.hasSuffix(#"it was at step 2 ("second")"#) == true || whole.error?.contains("second") == true)
        let own = try infer("late")
        #expect(own.status == 504, "\(own.text)")
        #expect(own.error?.hasPrefix(#"step 2 of "late": "#) == true, "\(own.text)")
    }

    @Test func whoLeavesEndsTheStepUnderWay() throws {
        let gateway = try gateway()
        let cancelled = #"sluice_model_failures_total{model="second",code="cancelled"}"#
        let begun = #"sluice_model_queue_seconds_count{model="second"}"#
        let (before, calls) = (try gateway.metric(cancelled), try gateway.metric(begun))
        let body = told(#""behaviour": "hang", "for": "30s""#)
        do {
            let connection = try RawConnection(port: gateway.port)
            connection.send(
                """
                POST /v1/infer/patient HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer \(Self.key)\r\n\
                Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)
                """)
            #expect(try eventually { try gateway.metric(begun) > calls })
        }
        #expect(try eventually { try gateway.metric(cancelled) == before + 1 })
    }

    @Test func aStepsBreakerIsAsked() throws {
        for _ in 0..<2 { #expect(try infer("breaks", told(#""behaviour": "fail""#)).status == 500) }
        let refused = try infer("breaks")
        #expect(refused.status == 503 && refused.code == "model_unavailable", "\(refused.text)")
        #expect(refused.error?.contains("left alone") == true)
        #expect(refused.headers["retry-after"] != nil)
        let headers = ["Authorization": "Bearer \(Self.key)"]
        #expect(try gateway().get("/v2/models/breaks/ready", headers: headers).status != 200)
    }

    @Test func pipelinesStandInForModelsAndTheOtherWayRound() throws {
        let rescued = try infer("rescued")
        #expect(rescued.status == 200 && outputs(rescued) == ["y": [[1, 2, 3]]], "\(rescued.text)")
        #expect(rescued.headers["sluice-model"] == "spare")
        #expect(outputs(try infer("rescuing")) == ["y": [[1, 2, 3]]])
    }

    @Test func stepsAreCountedAtTheirModels() throws {
        let series = #"sluice_model_seconds_count{model="first"}"#
        let before = try gateway().metric(series)
        #expect(try infer("two").status == 200)
        #expect(try gateway().metric(series) == before + 1)
        #expect(try gateway().metric(#"sluice_model_seconds_count{model="two"}"#) > 0)
    }
}
