import Configuration
@testable import Gateway
import Testing

@Suite struct ExplanationTests {
    private static let text = """
        version: 1
        listeners:
          public: { address: "127.0.0.1:8080" }
          ops: { address: "127.0.0.1:9090", serves: [metrics] }
        models:
          one: { plugin: echo, timeout: 500ms }
          two: { plugin: echo, version: "2" }
          spare: { plugin: echo }
        auth: api_keys
        consumers:
          acme:
            keys: [{ id: k1, hash: "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" }]
            allow: { models: ["vision/*"] }
            limits: [standard]
          old:
            keys: [{ id: k0, hash: "sha256:60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752", expires: "2020-01-01" }]
            allow: { models: ["*"] }
        limits: { standard: [{ count: requests, max: 100/min, burst: 20 }] }
        routes:
          - { match: { model: "vision/*", content_type: [image/png] }, send: two, name: pictures }
          - match: { model: "vision/*" }
            send: { split: [{ model: one, weight: 90 }, { model: two, weight: 10 }] }
            fallback: [{ when: [timeout], model: spare }]
            deadline: 5s
          - { match: { model: open }, auth: { none: i-accept-open-access }, send: spare }
        """

    private func explain(_ consumer: String?, _ model: String?, _ type: String?) throws -> Explanation {
        let outcome = ConfigurationLoader().load(
            Array(Self.text.utf8),
            context: ConfigurationLoader.Context(
                folder: "/", environment: [:], installedPlugins: ["echo"], fileExists: { _ in true },
                nowSeconds: 1_795_478_400))
        let configuration = try #require(outcome.configuration, "\(outcome.diagnostics)")
        return Explanation(
            Explanation.Request(consumer: consumer, model: model, contentType: type), in: configuration,
            nowSeconds: 1_795_478_400)
    }

    @Test func everyDecisionIsThereWithItsLine() throws {
        let explanation = try explain("acme", "vision/cat", "application/json")
        #expect(explanation.refusal == nil)
        #expect(
            explanation.text(file: "gateway.yaml") == """
                listener  "public" on 127.0.0.1:8080 serves inference
                route     "pictures" doesn't take it: "application/json" isn't image/png  (gateway.yaml:20)
                route     "vision/*" takes it: model "vision/*", any type of body  (gateway.yaml:21)
                identity  the caller is "acme", by its key k1  (gateway.yaml:11)
                right     "acme" may use "vision/cat", by "vision/*"  (gateway.yaml:11)
                quota     takes 1 request from "standard": 100 requests per minute, 20 at once  (gateway.yaml:11)
                deadline  5 s for all tries together  (gateway.yaml:21)
                model     90 of 100 requests: model "one" version 1, by plugin "echo", at most 500 ms  (gateway.yaml:22)
                model     10 of 100 requests: model "two" version 2, by plugin "echo"  (gateway.yaml:22)
                fallback  1. after timeout: model "spare" version 1, by plugin "echo"  (gateway.yaml:23)
                """)
    }

    @Test func routeWithoutAKeyMakesEverybodyAnonymous() throws {
        let explanation = try explain("acme", "open", nil)
        #expect(explanation.refusal == nil)
        let identity = try #require(explanation.steps.first { $0.kind == .identity })
        #expect(identity.text.contains("\"anonymous\"") && identity.text.contains("a key of \"acme\" isn't looked at"))
    }

    @Test(
        arguments: [
            (nil, "vision/cat", "unauthenticated"), ("nobody", "vision/cat", "unauthenticated"),
            ("old", "vision/cat", "unauthenticated"), ("acme", "nothing", "model_not_found"),
            ("acme", nil, "not_found"),
        ] as [(String?, String?, String)])
    func refusalIsTheLastStepWithItsCode(consumer: String?, model: String?, code: String) throws {
        let explanation = try explain(consumer, model, "text/csv")
        #expect(explanation.refusal == code)
        #expect(explanation.steps.last?.kind == .refused)
        #expect(explanation.json.contains("\"refused\":\"\(code)\""))
    }
}
