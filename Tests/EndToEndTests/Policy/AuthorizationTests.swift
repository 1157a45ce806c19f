import Foundation
import SwiftProtobuf
import Testing
import WireMessages

/// What rules allow and deny, through every door of a real gateway.
@Suite(
    .gateway(
        """
        version: 1
        listeners:
          public: { address: LISTENER, serves: [inference, metrics] }
          inside: { address: LISTENER, serves: [inference] }
          ops: { address: LISTENER, serves: [admin, repository] }
        models:
          echo: { plugin: echo }
          hidden: { plugin: echo }
          shown: { plugin: echo }
          inner: { plugin: echo }
          away: { plugin: echo }
        auth: api_keys
        admin: { keys: [{ id: ops, hash: "sha256:\(PlantedKey.five.hash)" }] }
        consumers:
          acme:
            keys: [{ id: k1, hash: "sha256:\(PlantedKey.acme.hash)" }]
            groups: [team]
            allow:
              - { models: [shown], operations: metadata }
              - { models: [inner], listeners: inside }
              - { models: [away], from: 192.0.2.0/24 }
              - { models: [echo], operations: load }
            deny: { models: [hidden] }
          trainer:
            keys: [{ id: k3, hash: "sha256:\(PlantedKey.three.hash)" }]
            allow: { models: [echo], operations: [metadata, learn] }
        groups:
          team: { allow: { models: ["*d*n", echo, "h*"] } }
        deny: { models: [shown], operations: [infer] }
        """))
struct AuthorizationTests {
    private let gateway: GatewayFixture
    private let key = ["Authorization": "Bearer \(PlantedKey.acme.text)"]

    init() throws { gateway = try #require(GatewayTrait.current) }

    private func port(_ listener: String) throws -> Int { try #require(gateway.ports[listener]) }

    private func infer(_ model: String, by listener: String = "public") throws -> Response {
        var headers = key
        headers["Content-Type"] = "application/json"
        return try gateway.request(
            "POST", "/v1/infer/\(model)", headers: headers, body: Array("[[1,2]]".utf8), port: port(listener))
    }

    @Test func whatMayBeUsedIsAnswered() throws {
        #expect(try infer("echo").status == 200)
        #expect(try infer("inner", by: "inside").status == 200)
    }

    @Test(arguments: ["hidden", "inner", "away", "no-such-model"])
    func whatMayNotBeKnownOfIsNotThere(model: String) throws {
        for path in ["/v1/infer/\(model)", "/v2/models/\(model)/infer", "/v2/models/\(model)/generate"] {
            let answer = try gateway.post(path, #"{"inputs":[]}"#, headers: key)
            #expect(answer.status == 404, "\(path)")
            #expect(answer.code == "model_not_found")
            #expect(answer.error == "Request for unknown model: '\(model)'")
        }
        let chat = try gateway.post("/v1/embeddings", #"{"model":"\#(model)","input":"a"}"#, headers: key)
        #expect(chat.status == 404)
        for path in ["", "/ready", "/config", "/stats", "/versions/1", "/trace/setting"] {
            let answer = try gateway.get("/v2/models/\(model)\(path)", headers: key)
            #expect(answer.status == 404, "\(path)")
            #expect(answer.error == "Request for unknown model: '\(model)'", "\(path)")
        }
        #expect(try gateway.get("/v1/models/\(model)", headers: key).status == 404)
        let load = try gateway.post("/v2/repository/models/\(model)/load", "{}", headers: key)
        #expect(load.status == 404)
    }

    @Test func listingsShowWhatMayBeKnownOf() throws {
        for (path, method) in [
            ("/v1/models", "GET"), ("/v2/models", "GET"), ("/openapi.json", "GET"), ("/v2/models/stats", "GET"),
            ("/v2/repository/index", "POST"),
        ] {
            let answer = try gateway.request(method, path, headers: key)
            #expect(answer.status == 200, "\(path)")
            for model in ["echo", "shown"] { #expect(answer.text.contains(model), "\(path)") }
            for model in ["hidden", "inner", "away"] { #expect(!answer.text.contains(model), "\(path)") }
            let inside = try gateway.request(method, path, headers: key, port: port("inside"))
            #expect(inside.text.contains("inner") && !inside.text.contains("away"), "\(path)")
        }
    }

    @Test func listingsOfGRPCDoSoToo() throws {
        let fields = [("authorization", "Bearer \(PlantedKey.acme.text)")]
        func call(_ method: String, _ message: some Message) throws -> GRPCTests.Outcome {
            let bytes = Array(try message.serializedData())
            let length = withUnsafeBytes(of: UInt32(bytes.count).bigEndian, Array.init)
            return try GRPCTests.call(gateway, GRPCTests.service + method, fields, body: [0] + length + bytes)
        }
        let index = try call("RepositoryIndex", Inference_RepositoryIndexRequest())
        let message = try Inference_RepositoryIndexResponse(serializedBytes: try #require(index.messages.first))
        #expect(message.models.map(\.name) == ["echo", "shown"])
        let unknown = try call("ModelMetadata", Inference_ModelMetadataRequest.with { $0.name = "hidden" })
        #expect(unknown.status == 5, "NOT_FOUND, as for a model that isn't there")
        #expect(unknown.message == "Request for unknown model: 'hidden'")
        let refused = try call("ModelInfer", GRPCTests.infer(of: "shown"))
        #expect(refused.status == 7)
        let hidden = try call("ModelInfer", GRPCTests.infer(of: "hidden"))
        #expect(hidden.status == 5)
    }

    @Test func whatMayBeSeenAndNotUsedIsRefusedWithItsReason() throws {
        let refused = try infer("shown")
        #expect(refused.status == 403)
        #expect(refused.code == "forbidden")
        #expect(refused.error == "consumer \"acme\" may not use model \"shown\": a rule denies it")
        let detail = refused.json["detail"] as? [String: Any]
        #expect(detail?["reason"] as? String == "denied" && detail?["model"] as? String == "shown")
        #expect(try gateway.metric(#"sluice_denials_total{operation="infer",reason="denied"}"#) >= 1)
    }

    @Test func consumersAdministerWhatTheirRulesSay() throws {
        let ops = try port("ops")
        func ask(_ method: String, _ path: String, _ key: String) throws -> Response {
            try gateway.request(method, path, headers: ["Authorization": "Bearer \(key)"], port: ops)
        }
        let (acme, trainer) = (PlantedKey.acme.text, PlantedKey.three.text)
        #expect(try ask("POST", "/admin/models/echo/load", acme).status == 200)
        #expect(try ask("POST", "/v2/repository/models/echo/load", acme).status == 200)
        // The model is known, so what is in the way is said; another one isn't there.
        let teach = try ask("POST", "/admin/models/echo/learn", acme)
        #expect(teach.status == 403)
        #expect(teach.error == "consumer \"acme\" may not teach model \"echo\"")
        let unload = try ask("POST", "/admin/models/hidden/unload", acme)
        let unknown = try ask("POST", "/admin/models/none/unload", acme)
        #expect(unload.status == 404 && unknown.status == 404)
        #expect(unload.error == "there is no model \"hidden\"")
        #expect(unknown.error == "there is no model \"none\"")
        // Past the rules: what is wrong now is that the lesson is none.
        #expect(try ask("POST", "/admin/models/echo/learn", trainer).code == "model_unimplemented")
        #expect(try ask("POST", "/admin/models/echo/load", trainer).status == 403)
        for path in ["/admin", "/admin/config", "/admin/usage"] {
            let answer = try ask("GET", path, acme)
            #expect(answer.status == 403, "\(path)")
            #expect(answer.error == "consumer \"acme\" may not administer this gateway")
            #expect(try ask("GET", path, PlantedKey.five.text).status == 200, "an admin key may do everything")
        }
        let listed = try ask("GET", "/admin/models", acme).json["models"] as? [[String: Any]]
        #expect(listed?.map { $0["name"] as? String } == ["echo"])
        let all = try ask("GET", "/admin/models", PlantedKey.five.text).json["models"] as? [[String: Any]]
        #expect(all?.count == 5)
        #expect(try ask("GET", "/admin", "slk_k9_nobodys").status == 401)
        // An admin key is no consumer's.
        #expect(
            try gateway.get("/v1/models", headers: ["Authorization": "Bearer \(PlantedKey.five.text)"]).status == 401)
    }

    @Test func explainSaysWhatTheGatewayDoes() throws {
        let file = gateway.folder.appendingPathComponent("gateway.yaml").path
        func explain(_ arguments: String...) throws -> CommandRun {
            try CommandRun(["explain", file, "--as", "acme"] + arguments)
        }
        let allowed = try explain("--model", "inner", "--listener", "inside")
        #expect(allowed.status == 0, "\(allowed.errors)")
        #expect(allowed.output.contains("\"acme\" may use model \"inner\", by \"inner\""))
        let refused = try explain("--model", "inner")
        #expect(refused.status == 1)
        #expect(refused.output.contains("a rule that would allow it doesn't hold: it is for listener \"inside\""))
        #expect(refused.output.contains("404 model_not_found"))
        let away = try explain("--model", "away", "--from", "192.0.2.7")
        #expect(away.status == 0)
        let denied = try explain("--model", "shown")
        #expect(denied.output.contains("\"acme\" may not use model \"shown\": a rule denies it"))
        #expect(denied.output.contains("403 forbidden"))
        let load = try explain("--model", "echo", "--operation", "load")
        #expect(load.status == 0, "\(load.output)")
        let admin = try explain("--operation", "admin")
        #expect(admin.status == 1)
        #expect(admin.output.contains("may not administer this gateway"))
    }
}

extension GRPCTests {
    static func infer(of model: String) -> Inference_ModelInferRequest {
        var request = infer
        request.modelName = model
        return request
    }
}
