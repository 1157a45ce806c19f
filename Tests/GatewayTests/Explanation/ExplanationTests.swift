import Configuration
@testable import Gateway
import Tensors
import Testing

@Suite struct ExplanationTests {
    private static let text = """
        version: 1
        listeners:
          public: { address: "127.0.0.1:8080" }
          ops: { address: "127.0.0.1:9090", serves: [metrics] }
        models:
          one: { plugin: echo, timeout: 500ms, cache: { age: 1s } }
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
            fallback: [{ when: [timeout], low_confidence: { output: y, below: 0.5 }, model: spare }, { when: 5xx, stale: 2s }, { when: any, answer: { y: { datatype: FP32, shape: [1], data: [0] } } }]
            retry: { attempts: 3 }
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
                right     "acme" may use model "vision/cat", by "vision/*"  (gateway.yaml:13)
                quota     takes 1 request from "standard": 100 requests per minute, 20 at once  (gateway.yaml:11)
                deadline  5 s for all tries together  (gateway.yaml:21)
                model     90 of 100 requests: model "one" version 1, by plugin "echo", at most 500 ms  (gateway.yaml:22)
                model     10 of 100 requests: model "two" version 2, by plugin "echo"  (gateway.yaml:22)
                retry     after failed, overloaded a model is asked again, 3 times in all, while no more than 10% of the requests need it, and 10 on top  (gateway.yaml:21)
                fallback  1. after timeout, "y" below 0.5: model "spare" version 1, by plugin "echo"  (gateway.yaml:23)
                fallback  2. after 5xx: what a model answered to an equal request, at most 2 s ago  (gateway.yaml:23)
                fallback  3. after any: the answer that the file gives: "y"  (gateway.yaml:23)
                """)
    }

    private static let conditions = """
        version: 1
        listeners:
          public: { address: "127.0.0.1:8080" }
        models:
          one: { plugin: echo }
          two: { plugin: echo, version: "2" }
          spare: { plugin: echo }
        auth: [api_keys, jwt]
        issuers:
          login: { issuer: a, audience: b, keys: { secret: env:SECRET }, algorithms: HS256, consumer: acme }
        consumers:
          acme:
            keys: [{ id: k1, hash: "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" }]
            allow: { models: "*" }
            groups: lab
            limits: standard
          other: { allow: { models: "*" } , keys: [{ id: k2, hash: "sha256:60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752" }] }
        groups: { lab: { limits: standard } }
        limits: { standard: [{ count: requests, max: 100/min }] }
        redaction: { people: { find: [email], patterns: { ticket: "T[0-9]+" }, in: inputs } }
        routes:
          - { name: chat, match: { model: m, path: "/v1/chat/*" }, send: one }
          - { name: beta, match: { model: m, headers: { x-channel: beta } }, send: one }
          - { name: gold, match: { model: m, claims: { tier: gold } }, send: one }
          - { name: lab, match: { model: m, groups: lab, inputs: { X: { max_elements: 4 } } }, send: one }
          - name: rest
            match: { model: m }
            send:
              model: one
              canary: { model: two, share: 5%, schedule: [{ at: "2026-01-01", share: 10% }, { at: "2099-01-01", share: 20% }] }
              sticky: { header: x-session }
            shadow: { model: spare, share: 1% }
            hedge: { after: p90 }
            redact: people
        """

    private func explainConditions(_ change: (inout Explanation.Request) -> Void) throws -> [String] {
        let outcome = ConfigurationLoader().load(
            Array(Self.conditions.utf8),
            context: ConfigurationLoader.Context(
                folder: "/", environment: ["SECRET": String(repeating: "s", count: 64)], installedPlugins: ["echo"],
                fileExists: { _ in true }, nowSeconds: 1_795_478_400))
        let configuration = try #require(outcome.configuration, "\(outcome.diagnostics)")
        var request = Explanation.Request(consumer: "acme", model: "m", contentType: "application/json")
        change(&request)
        let explanation = Explanation(request, in: configuration, nowSeconds: 1_795_478_400)
        return explanation.steps.map { "\($0.kind.rawValue): \($0.text)" }
    }

    @Test func everyConditionSaysWhyItDoesNotHold() throws {
        let steps = try explainConditions {
            $0.consumer = "other"
            $0.fields = ["x-channel": "alpha"]
            $0.claims = ["tier": "silver"]
        }
        #expect(
            steps.filter { $0.hasPrefix("route") } == [
                #"route: "chat" doesn't take it: "/v1/infer/m" isn't "/v1/chat/*""#,
                #"route: "beta" doesn't take it: the header field "x-channel" isn't "beta""#,
                #"route: "gold" doesn't take it: the claim "tier" isn't "gold""#,
                #"route: "lab" doesn't take it: "other" is none of its consumers and in none of its groups"#,
                #"route: "rest" takes it: model "m", any type of body"#,
            ])
    }

    @Test func theRouteIsTheOneWhoseConditionsHold() throws {
        func taken(_ change: (inout Explanation.Request) -> Void) throws -> String? {
            try explainConditions(change).first { $0.hasPrefix("route") && $0.contains(" takes it") }.map {
                String($0.split(separator: "\"")[1])
            }
        }
        #expect(try taken { $0.path = "/v1/chat/completions" } == "chat")
        #expect(try taken { $0.fields = ["x-channel": "beta"] } == "beta")
        #expect(try taken { $0.claims = ["tier": "gold"] } == "gold")
        #expect(try taken { $0.inputs = [.init(name: "X", dataType: .fp32, shape: [2, 2])] } == "lab")
        #expect(try taken { $0.inputs = [.init(name: "X", dataType: .fp32, shape: [5])] } == "rest")
        #expect(try taken { _ in } == "rest")
    }

    @Test func sharesShadowsAndRedactionAreSaid() throws {
        let steps = try explainConditions { _ in }
        #expect(
            steps.suffix(5) == [
                #"model: 90% of requests, by the header field "x-session": model "one" version 1, by plugin "echo""#,
                """
                model: 10% of requests, by the header field "x-session", as canary, 20% from 2099-01-01 on: \
                model "two" version 2, by plugin "echo"
                """,
                """
                hedge: when 90 of 100 of its answers would be there, the model is asked a second time, while no more than \
                5% of the requests need it
                """,
                #"redaction: "people" looks for email, ticket in inputs: mask"#,
                """
                shadow: 1% of what is answered goes to model "spare" version 1, by plugin "echo", whose answers nobody gets
                """,
            ])
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
