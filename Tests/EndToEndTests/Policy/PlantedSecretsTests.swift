import Crypto
import Foundation
import Testing

/// Every kind of secret that there is, planted at once: in the file, in the environment, in requests that are answered and
/// in such that are refused. Then all that the gateway and its commands wrote is looked through.
struct PlantedSecretsTests {
    private static let key = "slk_k1_planted-consumer-key-0000000000000"
    private static let adminKey = "slk_ops_planted-admin-key-00000000000000"
    private static let environment = [
        "P_PEPPER": "planted-pepper-00000000", "P_ISSUER": "planted-issuer-secret-0000000000000000",
        "P_STORE": "planted-store-password", "P_AUDIT": "planted-audit-key-00000000000000000000",
        "P_MODEL": "planted-model-token", "P_LATER": "planted-later-token", "SLUICE_ADMIN_KEY": adminKey,
    ]

    /// What nothing may hold that anybody else could read.
    private static let secrets =
        Array(environment.values) + [key, "planted-consumer", "planted-guess", "planted-cookie", "planted-query"]
    /// What is in the bodies of requests: their callers may be told what was wrong, and nobody else.
    private static let personal = [
        "jane.planted@example.org", "4111 1111 1111 1111", "DE89370400440532013000", "planted-name",
    ]

    private static func hash(_ text: String) -> String {
        SHA256.hash(data: Data(text.utf8)).map { String(format: "%02x", $0) }.joined()
    }

    private static func encode(_ data: Data) -> String {
        data.base64EncodedString().replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
            .replacingOccurrences(of: "=", with: "")
    }

    private static func token(_ claims: String, secret: String) -> String {
        let text = encode(Data(#"{"alg":"HS256","typ":"JWT"}"#.utf8)) + "." + encode(Data(claims.utf8))
        let mac = HMAC<SHA256>.authenticationCode(
            for: Data(text.utf8), using: SymmetricKey(data: Data(secret.utf8)))
        return text + "." + encode(Data(mac))
    }

    private static func yaml(more: String = "") -> String {
        """
        version: 1
        listeners:
          public: { address: LISTENER }
          ops: { address: LISTENER, serves: [admin, repository, metrics] }
        models:
          echo: { plugin: echo, limits: [counted] }
          faulty: { plugin: stub_faulty, config: { message: env:P_MODEL } }
          words: { plugin: echo, config: { inputs: [{ name: INPUT0, datatype: BYTES, shape: [-1] }] } }
        auth: { api_keys: { pepper: env:P_PEPPER }, jwt: true }
        ban: { failures: 1000 }
        issuers:
          corp: { issuer: "https://login.example/", audience: sluice, keys: { secret: env:P_ISSUER }, algorithms: HS256, consumer: acme }
        admin: { keys: [{ id: ops, hash: "sha256:\(hash(adminKey))" }] }
        consumers:
          acme: { keys: [{ id: k1, hash: "sha256:\(hash(key))" }], allow: { models: [echo, faulty, words] } }
        limits: { counted: [{ count: requests, max: 100000/min, store: shared }] }
        stores: { shared: { kind: redis, url: "redis://127.0.0.1:1", password: env:P_STORE, if_down: local } }
        audit: { file: ./audit.log, key: env:P_AUDIT }
        observability: { log_level: debug }
        \(more)
        """
    }

    @Test func nothingOfThemTurnsUpAnywhere() throws {
        let gateway = try GatewayFixture(Self.yaml(), environment: Self.environment)
        let ops = try #require(gateway.ports["ops"])
        let end = Int(Date().timeIntervalSince1970) + 600
        let claims =
            #"{"iss":"https://login.example/","aud":"sluice","exp":\#(end),"email":"jane.planted@example.org"}"#
        let issued = try #require(Self.environment["P_ISSUER"])
        let good = Self.token(claims, secret: issued)
        let tokens = [
            good, Self.token(claims, secret: "planted-guess"),
            Self.token(claims.replacingOccurrences(of: "\(end)", with: "1000"), secret: issued),
        ]
        var planted = Self.secrets
        for token in tokens { planted += token.split(separator: ".").suffix(2).map(String.init) }

        var written: [(where: String, text: String)] = []
        var answers: [Response] = []
        for authorization in ["Bearer \(Self.key)", "Bearer slk_k1_planted-guess", "Basic planted-guess"]
            + tokens.map({ "Bearer \($0)" })
        {
            let headers = ["Authorization": authorization, "Cookie": "session=planted-cookie"]
            for (path, body) in [
                ("/v1/infer/echo", "[[1,2]]"),
                ("/v1/infer/echo?token=planted-query", #"[["jane.planted@example.org"]]"#),
                (
                    "/v1/infer/words",
                    #"{"INPUT0": ["4111 1111 1111 1111", {"planted-name": "DE89370400440532013000"}]}"#
                ),
                // (The stub's `message` is what it fails with: it isn't asked to.)
                ("/v1/infer/faulty", #"[["jane.planted@example.org"]]"#),
                ("/v2/models/words/infer", #"{"inputs":[{"name":"planted-name","shape":[1],"datatype":"BYTES"}]}"#),
                ("/v1/infer/jane.planted@example.org", "[[1]]"), ("/v1/chat/completions", #"{"model":"planted-name"}"#),
            ] {
                answers.append(try gateway.post(path, body, headers: headers))
            }
            for path in ["/v1/models", "/v2/models/echo", "/openapi.json"] {
                answers.append(try gateway.get(path, headers: headers))
            }
            // Not an administrator, whatever it is.
            answers.append(try gateway.get("/admin/config", headers: headers, port: ops))
        }
        #expect(Set(answers.map(\.status)).isSuperset(of: [200, 400, 401, 404]), "\(Set(answers.map(\.status)))")
        for answer in answers {
            written.append(("an answer", answer.text + answer.headers.values.joined(separator: " ")))
        }

        let admin = ["Authorization": "Bearer \(Self.adminKey)"]
        try gateway.write(Self.yaml(more: "drain: 3s").replacingOccurrences(of: "env:P_MODEL", with: "env:P_LATER"))
        for (method, path) in [
            ("POST", "/admin/reload"), ("GET", "/admin"), ("GET", "/admin/config"), ("GET", "/admin/models"),
            ("GET", "/admin/usage"), ("GET", "/admin/breakers"), ("POST", "/v2/repository/index"), ("GET", "/metrics"),
        ] {
            let answer = try gateway.request(method, path, headers: admin, port: ops)
            #expect(answer.status == 200, "\(path): \(answer.text)")
            written.append((path, answer.text))
        }
        try gateway.write(Self.yaml(more: "drian: 3s"))
        let refused = try gateway.request("POST", "/admin/reload", headers: admin, port: ops)
        #expect(refused.status == 409)
        written.append(("a reload's refusal", refused.text))
        try gateway.write(Self.yaml())

        let other = gateway.folder.appendingPathComponent("other.yaml")
        try Self.yaml().replacingOccurrences(of: "P_MODEL", with: "P_LATER").replacingOccurrences(
            of: "LISTENER", with: "\"127.0.0.1:0\""
        ).write(to: other, atomically: true, encoding: .utf8)
        for arguments in [
            ["check", gateway.file.path], ["check", gateway.file.path, "--format", "json"],
            ["diff", gateway.file.path, other.path], ["explain", gateway.file.path, "--as", "acme", "--model", "echo"],
            ["key", "list", gateway.file.path],
            ["admin", "config", "--admin", "127.0.0.1:\(ops)"],
            ["audit", "verify", "--config", gateway.file.path],
        ] {
            let run = try CommandRun(arguments, environment: Self.environment)
            #expect(run.status == (arguments[0] == "diff" ? 1 : 0), "\(arguments): \(run.errors)")
            written.append((arguments.joined(separator: " "), run.output + run.errors))
        }
        gateway.terminate()
        #expect(gateway.waitForExit() == 0)
        let audit = try String(contentsOf: gateway.folder.appendingPathComponent("audit.log"), encoding: .utf8)
        #expect(audit.contains("auth_failure") && audit.contains("\"change\""))
        #expect(gateway.log.contains("stopped") && !gateway.accessLog.isEmpty)
        let kept = [("the log", gateway.log), ("the access log", gateway.accessLog), ("the audit log", audit)]
        for (place, text) in written + kept {
            for secret in planted { #expect(!text.contains(secret), "\(secret) is in \(place)") }
        }
        // What callers send goes back to them at most. A path is in the access log, as paths are.
        let others = written.filter { $0.where != "an answer" } + kept.filter { $0.0 != "the access log" }
        for (place, text) in others {
            for personal in Self.personal { #expect(!text.contains(personal), "\(personal) is in \(place)") }
        }
    }
}
