import Foundation
import Testing

/// Who may ask for what, and how often.
@Suite(
    .gateway(
        """
        version: 1
        listeners: { public: { address: LISTENER } }
        models:
          echo: { plugin: echo }
          secret: { plugin: echo }
          faulty: { plugin: stub_faulty, concurrency: 2 }
        auth: api_keys
        consumers:
          acme:
            keys:
              - { id: k1, hash: "sha256:\(PlantedKey.acme.hash)" }
              - { id: old, hash: "sha256:\(PlantedKey.expired.hash)", expires: "2020-01-01" }
            allow: { models: [echo, faulty] }
          five:
            keys: [{ id: k2, hash: "sha256:\(PlantedKey.five.hash)" }]
            allow: { models: [echo] }
            limits: [small]
          three:
            keys: [{ id: k3, hash: "sha256:\(PlantedKey.three.hash)" }]
            allow: { models: [echo, faulty] }
            limits: [tiny]
          anonymous: { limits: [open] }
        limits:
          small: [{ count: requests, max: 5/hour }]
          tiny: [{ count: requests, max: 3/day }]
          open: [{ count: requests, max: 2/day }]
        routes:
          - { match: { model: echo }, send: echo }
          - { match: { model: secret }, send: secret }
          - { match: { model: faulty }, send: faulty }
          - { name: free, match: { model: free }, send: echo, auth: none }
        """))
struct PolicyTests {
    let gateway: GatewayFixture

    init() throws { gateway = try #require(GatewayTrait.current) }

    private func infer(_ model: String, _ authorization: String?, body: String = "[[1,2]]") throws -> Response {
        var headers: [String: String] = [:]
        headers["Authorization"] = authorization
        return try gateway.post("/v1/infer/\(model)", body, headers: headers)
    }

    @Test(arguments: [
        nil, "", "Bearer", "Bearer ", "Bearer slk_k1_wrong", "Basic YWNtZTprZXk=", PlantedKey.acme.text,
        "Bearer \(PlantedKey.acme.text)x", "Bearer \(PlantedKey.expired.text)", "Bearer \(PlantedKey.acme.hash)",
    ])
    func withoutAValidKeyNobodyGetsIn(authorization: String?) throws {
        for model in ["echo", "secret", "no-such-model"] {
            let response = try infer(model, authorization)
            #expect(response.status == 401)
            #expect(response.code == "unauthenticated")
            #expect(response.headers["www-authenticate"]?.hasPrefix("Bearer") == true)
        }
        var headers: [String: String] = [:]
        headers["Authorization"] = authorization
        for path in ["/v1/models", "/v1/models/echo", "/v2/models/echo", "/v2/models/none/ready"] {
            #expect(try gateway.get(path, headers: headers).status == 401, "\(path)")
        }
    }

    @Test func twoKeysAreRefused() throws {
        let connection = try RawConnection(port: gateway.port)
        connection.send(
            "POST /v1/infer/echo HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(PlantedKey.acme.text)\r\n"
                + "Authorization: Bearer \(PlantedKey.five.text)\r\nContent-Length: 5\r\n\r\n[[1]]")
        let response = try connection.response()
        #expect(response.status == 400)
        #expect(response.error == "the header field authorization is given twice")
    }

    @Test func aKeyOpensWhatItsConsumerMayUse() throws {
        let bearer = "Bearer \(PlantedKey.acme.text)"
        #expect(try infer("echo", bearer).status == 200)
        for model in ["secret", "no-such-model"] {
            let unknown = try infer(model, bearer)
            #expect(unknown.status == 404)
            #expect(unknown.code == "model_not_found")
            #expect(unknown.error == "Request for unknown model: '\(model)'")
        }
        // Nor is it suggested to whoever comes close.
        #expect(try infer("secre", bearer).error == "Request for unknown model: 'secre'")
        #expect(try infer("eco", bearer).error == "Request for unknown model: 'eco'; did you mean 'echo'?")
        // In listings and metadata what may not be used isn't there.
        let headers = ["Authorization": bearer]
        let listed = try gateway.get("/v1/models", headers: headers).json["models"] as? [[String: Any]]
        #expect(listed?.compactMap { $0["name"] as? String }.contains("secret") == false)
        for path in ["/v1/models/secret", "/v2/models/secret", "/v2/models/secret/ready"] {
            let response = try gateway.get(path, headers: headers)
            #expect(response.status == 404, "\(path)")
            #expect(response.code == "model_not_found")
        }
    }

    @Test func aRefusedCallerNeedNotSendTheBody() throws {
        let connection = try RawConnection(port: gateway.port)
        connection.send(
            "POST /v1/infer/echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5000000\r\n\r\n")
        #expect(try connection.response(skipInformational: false).status == 401)
        #expect(try connection.isClosedByPeer())
    }

    @Test func aQuotaRunsOutExactly() throws {
        let bearer = "Bearer \(PlantedKey.five.text)"
        for left in stride(from: 4, through: 0, by: -1) {
            let response = try infer("echo", bearer)
            #expect(response.status == 200)
            #expect(response.headers["ratelimit-policy"] == "\"small\";q=5;w=3600")
            #expect(response.headers["ratelimit"]?.hasPrefix("\"small\";r=\(left);t=") == true)
            // What can't be read costs nothing.
            #expect(try infer("echo", bearer, body: "[[").status == 400)
        }
        let refused = try infer("echo", bearer)
        #expect(refused.status == 429)
        #expect(refused.code == "quota_exceeded")
        #expect(refused.headers["ratelimit"]?.hasPrefix("\"small\";r=0;t=") == true)
        // One of five an hour comes back in 720 seconds.
        let wait = try #require(refused.headers["retry-after"].flatMap { Int($0) })
        #expect((600...720).contains(wait))
        #expect(try gateway.metric(#"sluice_quota_rejections_total{consumer="five"}"#) == 1)
    }

    @Test func whatTheGateIsToBlameForCostsNothing() throws {
        let bearer = "Bearer \(PlantedKey.three.text)"
        let fails = #"{"rows":[[1,2]],"parameters":{"behaviour":"fail"}}"#
        for _ in 0..<6 {
            let response = try infer("faulty", bearer, body: fails)
            #expect(response.status == 500)
            #expect(response.code == "model_failed")
        }
        // What the caller is to blame for does.
        let rejected = #"{"rows":[[1,2]],"parameters":{"behaviour":"fail","status":"INVALID_ARGUMENT"}}"#
        #expect(try infer("faulty", bearer, body: rejected).status == 400)
        #expect(try infer("faulty", bearer).status == 200)
        #expect(try infer("faulty", bearer).headers["ratelimit"]?.hasPrefix("\"tiny\";r=0;") == true)
        #expect(try infer("faulty", bearer).status == 429)
    }

    @Test func aRouteMayAskForNoKeyAndStillCount() throws {
        #expect(try infer("free", nil).status == 200)
        #expect(try infer("free", nil).status == 200)
        #expect(try infer("free", nil).status == 429)
    }
}

/// A key that clients of the tests send, and its hash in gateway.yaml.
struct PlantedKey {
    var text: String
    var hash: String

    // SHA-256 of each text, as `printf %s TEXT | sha256sum` prints it.
    static let acme = PlantedKey(
        text: "slk_k1_acme-key-of-the-tests", hash: "182a3673adf31ba15117bda2cabb647d6051472a00ac20a65a26693fcb9d8408")
    static let expired = PlantedKey(
        text: "slk_old_expired-key-of-the-tests",
        hash: "3128f22d16302d807ae6d2789825b81f5ee485b38b3ddac731af53da42844e44")
    static let five = PlantedKey(
        text: "slk_k2_five-key-of-the-tests", hash: "610bd3b71da98691bd95433bd60e085879ee08a5289da67fc1a9a3ed20452717")
    static let three = PlantedKey(
        text: "slk_k3_three-key-of-the-tests", hash: "7796093f3a65c0084910d36a8a359ec81fae25f5f7a717fe7fdb3ecfa306845f")
}
