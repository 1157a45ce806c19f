import Foundation
import Testing

/// Secrets are planted in every place of a request that may hold one, then looked for in all that a run produced.
struct SecretsTests {
    private static let key = "slk_k1_planted-secret-key-000000000000000000"
    private static let hash = "8db03885839e90a6369f4a495fed367f387ab72503276cf217f91d4a3640c3f5"
    /// Parts of planted texts that must turn up nowhere.
    private static let planted = [
        "planted-secret-key", "planted-guess", "planted-query", "planted-body", "planted-cookie", "planted-variable",
        hash,
    ]

    @Test func secretsTurnUpNowhere() throws {
        let gateway = try GatewayFixture(
            """
            version: 1
            listeners: { public: { address: LISTENER } }
            models:
              echo: { plugin: echo }
              faulty: { plugin: stub_faulty, config: { message: env:SECRET_OF_THE_TEST } }
              words: { plugin: echo, config: { inputs: [{ name: INPUT0, datatype: BYTES, shape: [-1] }] } }
              missing: { plugin: onnxruntime, config: { file: ./missing.onnx } }
            auth: api_keys
            consumers:
              acme: { keys: [{ id: k1, hash: "sha256:\(Self.hash)" }], allow: { models: ["*"] } }
            observability: { log_level: debug }
            """, environment: ["SECRET_OF_THE_TEST": "planted-variable"])
        var answers: [Response] = []
        for authorization in ["Bearer \(Self.key)", "Bearer planted-guess", "Basic planted-guess", Self.key] {
            for (path, body) in [
                ("/v1/infer/echo", "[[1,2]]"), ("/v1/infer/echo", "[[1,planted-body"),
                ("/v1/infer/echo?outputs=OUTPUT0&token=planted-query", "[[1]]"),
                ("/v1/infer/words", #"[{"planted-body":1}"#),
                ("/v1/infer/missing", "[[1]]"), ("/v1/infer/none", "[[1]]"),
                ("/v2/models/echo/infer?q=planted-query", "planted-body"),
            ] {
                answers.append(
                    try gateway.post(
                        path, body, headers: ["Authorization": authorization, "Cookie": "a=planted-cookie"]))
            }
            answers.append(try gateway.get("/v2/models/echo", headers: ["Authorization": authorization]))
            answers.append(try gateway.get("/v1/models", headers: ["Authorization": authorization]))
            // A head that can't be read, with the key in it.
            let connection = try RawConnection(port: gateway.port)
            connection.send("GET /v2 HTTP/1.1\r\nHost: a\r\nAuthorization: \(authorization)\r\nno colon\r\n\r\n")
            answers.append(try connection.response())
        }
        #expect(Set(answers.map(\.status)) == [200, 400, 401, 404, 503])
        let metrics = try gateway.get("/metrics")
        #expect(metrics.text.contains("sluice_auth_failures_total"))
        gateway.terminate()
        #expect(gateway.waitForExit() == 0)
        #expect(gateway.accessLog.split(separator: "\n").count == answers.count + 1)
        #expect(gateway.log.contains(#""message":"stopped""#))
        for secret in Self.planted {
            #expect(!gateway.log.contains(secret), "\(secret) is in the log")
            #expect(!gateway.accessLog.contains(secret), "\(secret) is in the access log")
            #expect(!metrics.text.contains(secret), "\(secret) is in the metrics")
            for answer in answers where secret != "planted-body" && secret != "planted-query" {
                #expect(!answer.text.contains(secret), "\(secret) is in an answer: \(answer.text)")
                #expect(!answer.headers.values.contains { $0.contains(secret) }, "\(secret) is in a header")
            }
        }
    }
}
