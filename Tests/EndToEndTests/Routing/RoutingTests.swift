import Foundation
import Testing

/// Which model a request goes to, seen by the version that answers.
@Suite(
    .gateway(
        """
        version: 1
        listeners:
          public: { address: LISTENER, serves: [inference, metrics] }
          ops: { address: LISTENER, serves: [admin] }
        models:
          one: { plugin: echo, version: "1", config: { inputs: [{ name: INPUT0, datatype: FP32 }] } }
          two: { plugin: echo, version: "2", config: { inputs: [{ name: INPUT0, datatype: FP32 }] } }
          three: { plugin: echo, version: "3", config: { inputs: [{ name: INPUT0, datatype: INT64 }] } }
        auth: none
        consumers:
          acme:
            keys: [{ id: k1, hash: "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" }]
            allow: { models: "*" }
            groups: lab
            limits: much
          other:
            keys: [{ id: k2, hash: "sha256:60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752" }]
            allow: { models: "*" }
            limits: much
        limits: { much: [{ count: requests, max: 1000000/s }] }
        groups: { lab: { limits: much } }
        routes:
          - { name: by-field, match: { model: m, headers: { x-channel: [beta, "alpha-*"] } }, send: two }
          - { name: by-path, match: { model: m, path: "/v2/models/m/infer" }, send: two }
          - { match: { model: m }, send: one }
          - { name: small, match: { model: sized, inputs: { INPUT0: { max_elements: 4, shape: [-1, 2] } } }, send: one }
          - { name: whole, match: { model: sized, inputs: { INPUT0: { datatype: INT64, max_elements: 100 } } }, send: three }
          - { name: any-large, match: { model: sized, content_type: application/json }, send: two }
          - { name: only-small, match: { model: strict, inputs: { INPUT0: { max_elements: 2 } } }, send: one }
          - { match: { model: canary }, send: { model: one, canary: { model: two, share: 0% } } }
          - match: { model: stays }
            send: { split: [{ model: one, weight: 1 }, { model: two, weight: 1 }], sticky: { header: x-session } }
          - { name: of-lab, match: { model: mine, groups: lab }, auth: api_keys, send: two }
          - { match: { model: mine }, auth: { none: i-accept-open-access }, send: one }
        """))
struct RoutingTests {
    let gateway: GatewayFixture
    let ops: Int

    init() throws {
        gateway = try #require(GatewayTrait.current)
        ops = try #require(gateway.ports["ops"])
    }

    private func infer(
        _ model: String, _ input: String = "[[1, 2]]", headers: [String: String] = [:], path: String? = nil
    ) throws -> Response {
        try gateway.post(path ?? "/v1/infer/\(model)", #"{"inputs": {"INPUT0": \#(input)}}"#, headers: headers)
    }

    private func version(_ model: String, _ input: String = "[[1, 2]]", headers: [String: String] = [:]) throws
        -> String?
    {
        let answer = try infer(model, input, headers: headers)
        #expect(answer.status == 200, "\(answer.text)")
        return answer.json["version"] as? String
    }

    @Test func headerFieldsChooseTheRoute() throws {
        #expect(try version("m") == "1")
        #expect(try version("m", headers: ["X-Channel": "beta"]) == "2")
        #expect(try version("m", headers: ["x-channel": "alpha-3"]) == "2")
        #expect(try version("m", headers: ["x-channel": "gamma"]) == "1")
    }

    @Test func thePathChoosesTheRoute() throws {
        let body = #"{"inputs":[{"name":"INPUT0","shape":[1,2],"datatype":"FP32","data":[1,2]}]}"#
        #expect(try gateway.post("/v2/models/m/infer", body).json["model_version"] as? String == "2")
        #expect(try gateway.post("/v2/models/%6D/infer", body).json["model_version"] as? String == "2")
    }

    @Test func inputsChooseTheRouteOnceTheyAreRead() throws {
        #expect(try version("sized") == "1")
        #expect(try version("sized", "[[1, 2], [3, 4]]") == "1")
        // Too many for the first route; whole numbers fit the second, whose model takes those only.
        #expect(try version("sized", "[[1, 2], [3, 4], [5, 6]]") == "3")
        #expect(try version("sized", "[[1.5, 2], [3, 4], [5, 6]]") == "2")
        #expect(try version("sized", "[[1, 2, 3]]") == "3")
        let answer = try infer("strict", "[[1, 2, 3]]")
        #expect(answer.status == 400 && answer.code == "invalid_input")
        #expect(
            answer.error
                == "no route takes these inputs: for \"only-small\" input \"INPUT0\" has 3 elements, not 0 to 2")
        #expect(try infer("strict", "[[1, \"x\"]]").status == 400)
    }

    @Test func aCommandMovesTheCanaryAndGivesItBackToTheFile() throws {
        func move(_ share: String) throws -> Response {
            try gateway.request("POST", "/admin/routes/canary/canary/\(share)", port: ops)
        }
        #expect(try (0..<20).allSatisfy { _ in try version("canary") == "1" })
        let moved = try move("25%25")
        #expect(moved.status == 200, "\(moved.text)")
        let canary = moved.json["canary"] as? [String: Any]
        #expect(canary?["share"] as? String == "25%" && canary?["by"] as? String == "command")
        let answers = try (0..<40).map { _ in try version("canary") }
        #expect(answers.count { $0 == "2" } == 10)
        #expect(try move("100%25").status == 200)
        #expect(try (0..<20).allSatisfy { _ in try version("canary") == "2" })
        let back = try move("file")
        #expect((back.json["canary"] as? [String: Any])?["by"] as? String == "file")
        #expect(try (0..<20).allSatisfy { _ in try version("canary") == "1" })
        #expect(gateway.logLines("canary moved by hand").count == 3)

        #expect(try move("120%25").code == "invalid_parameter")
        #expect(try gateway.request("POST", "/admin/routes/m/canary/1%25", port: ops).code == "not_found")
        #expect(try gateway.request("POST", "/admin/routes/nothing/canary/1%25", port: ops).code == "not_found")
    }

    @Test func sessionsStayOnTheirModelAndTogetherAreShared() throws {
        var homes: [String?: Int] = [:]
        for session in 0..<60 {
            let answers = try (0..<3).map { _ in try version("stays", headers: ["x-session": "s\(session)"]) }
            #expect(Set(answers).count == 1)
            homes[answers[0], default: 0] += 1
        }
        #expect(homes.keys.count == 2 && homes.values.allSatisfy { (12...48).contains($0) }, "\(homes)")
        // Without the field each request stands by itself.
        let alone = try (0..<20).map { _ in try version("stays") }
        #expect(alone.count { $0 == "1" } == 10)
    }

    @Test func callersChooseTheRouteByWhatTheyShow() throws {
        #expect(try version("mine", headers: ["authorization": "Bearer test"]) == "2")
        // "other" is in no group; who shows nothing passes the route by; who shows what doesn't hold is refused there.
        #expect(try version("mine", headers: ["authorization": "Bearer test2"]) == "1")
        #expect(try version("mine") == "1")
        #expect(try infer("mine", headers: ["authorization": "Bearer wrong"]).status == 401)
    }

    @Test func commandsShowRoutesAndMoveCanaries() throws {
        let list = try CommandRun(["route", "list", "--admin", "127.0.0.1:\(ops)"])
        #expect(list.status == 0 && list.output.contains("by-field  two"), "\(list.output)")
        let wrong = try CommandRun(["route", "canary", "canary", "2", "--admin", "127.0.0.1:\(ops)"])
        #expect(wrong.status != 0)
    }
}
