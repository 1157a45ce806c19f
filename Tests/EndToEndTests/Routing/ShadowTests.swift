import Foundation
import Testing

/// Shadows see what was answered, are held against it, and harm nobody.
@Suite(
    .gateway(
        """
        version: 1
        listeners:
          public: { address: LISTENER, serves: [inference, metrics] }
          ops: { address: LISTENER, serves: [admin] }
        models:
          iris: { plugin: onnxruntime, config: { file: MODELS/iris.onnx } }
          rough:
            plugin: baseline
            config:
              input: { name: X, datatype: FP32, shape: [4] }
              classes: [setosa, versicolor, virginica]
              priors: [0.5, 0.25, 0.25]
              outputs: { label: label, scores: probabilities }
          good: { plugin: stub_faulty }
          crashes: { plugin: stub_faulty, isolation: process, config: { behaviour: segfault } }
          hangs: { plugin: stub_faulty, config: { behaviour: hang-ignoring-cancel, for: 2s, concurrency: 1 } }
          fails: { plugin: stub_faulty, config: { behaviour: fail } }
        auth: none
        consumers: { anonymous: { limits: counted } }
        limits: { counted: [{ count: requests, max: 1000000/hour }] }
        routes:
          - { match: { model: iris }, send: iris, shadow: { model: rough } }
          - { match: { model: part }, send: iris, shadow: { model: rough, share: 25% } }
          - { match: { model: crashes }, send: good, shadow: { model: crashes } }
          - { match: { model: hangs }, send: good, shadow: { model: hangs, timeout: 20ms, concurrency: 2 } }
          - { match: { model: tight }, send: good, shadow: { model: good2, memory: 1KiB } }
          - { match: { model: fails }, send: fails, shadow: { model: good } }
          - { match: { model: good2 }, send: good2 }
        """.replacingOccurrences(of: "  fails: {", with: "  good2: { plugin: stub_faulty }\n  fails: {")))
struct ShadowTests {
    let gateway: GatewayFixture
    let ops: Int

    init() throws {
        gateway = try #require(GatewayTrait.current)
        ops = try #require(gateway.ports["ops"])
    }

    private func shadow(of route: String) throws -> [String: Any] {
        let answer = try gateway.get("/admin/shadows", port: ops)
        let shadows = answer.json["shadows"] as? [[String: Any]] ?? []
        return try #require(shadows.first { $0["route"] as? String == route })
    }

    private func count(_ name: String, of route: String) throws -> Int { try shadow(of: route)[name] as? Int ?? -1 }

    private static let plain = #"{"inputs": {"INPUT0": [[1, 2]]}}"#

    @Test func agreementAndErrorAreThoseOfTheTwoModels() throws {
        // The rough model always says setosa, with 0.5: it is right in the first two rows of five.
        let body =
            #"{"inputs": {"X": [[5.1,3.5,1.4,0.2],[4.9,3.0,1.4,0.2],[6.0,2.9,4.5,1.5],[6.3,3.3,6.0,2.5],[5.8,2.7,5.1,1.9]]}}"#
        var largest = 0.0
        for _ in 0..<4 {
            let answer = try gateway.post("/v1/infer/iris", body)
            #expect(answer.status == 200, "\(answer.text)")
            let outputs = answer.json["outputs"] as? [String: Any]
            #expect(outputs?["label"] as? [String] == ["setosa", "setosa", "versicolor", "virginica", "virginica"])
            for row in outputs?["probabilities"] as? [[Double]] ?? [] {
                for (score, prior) in zip(row, [0.5, 0.25, 0.25]) { largest = max(largest, abs(score - prior)) }
            }
        }
        #expect(largest > 0.4)
        #expect(try eventually { try count("compared", of: "iris") == 4 })
        let shadow = try shadow(of: "iris")
        #expect(shadow["failed"] as? Int == 0 && shadow["running"] as? Int == 0 && shadow["held_bytes"] as? Int == 0)
        let outputs = shadow["outputs"] as? [[String: Any]] ?? []
        let label = try #require(outputs.first { $0["name"] as? String == "label" })
        #expect(label["rows"] as? Int == 20 && label["agreeing"] as? Int == 8)
        #expect(label["agreement"] as? Double == 0.4)
        let scores = try #require(outputs.first { $0["name"] as? String == "probabilities" })
        #expect(scores["rows"] as? Int == 20 && scores["agreeing"] as? Int == 8)
        #expect(abs((scores["max_error"] as? Double ?? 0) - largest) < 1e-5)

        let series = #"route="iris",model="rough""#
        #expect(try gateway.metric("sluice_shadow_requests_total{\(series),outcome=\"compared\"}") == 4)
        #expect(try gateway.metric("sluice_shadow_rows_total{\(series),output=\"label\"}") == 20)
        #expect(try gateway.metric("sluice_shadow_agreeing_rows_total{\(series),output=\"label\"}") == 8)
        #expect(try gateway.metric("sluice_shadow_seconds_count{\(series)}") == 4)
        // Neither the route's counts nor the shadow's own ones take a shadow for a request.
        #expect(try gateway.metric(#"sluice_requests_total{route="iris",model="iris",code="ok"}"#) == 4)

        let report = try CommandRun(["shadow", "report", "--admin", "127.0.0.1:\(ops)"])
        #expect(report.status == 0, "\(report.errors)")
        let line = try #require(report.output.split(separator: "\n").first { $0.hasPrefix("iris ") })
        #expect(line.contains("rough") && line.contains("label") && line.contains("40.00%"), "\(report.output)")
    }

    @Test func onlyTheShareIsSeen() throws {
        let body = #"{"inputs": {"X": [[5.1,3.5,1.4,0.2]]}}"#
        for _ in 0..<16 { #expect(try gateway.post("/v1/infer/part", body).status == 200) }
        #expect(try eventually { try count("compared", of: "part") + count("left_out_busy", of: "part") == 4 })
    }

    @Test func aShadowThatCrashesIsCountedAndNobodyNotices() throws {
        for _ in 0..<5 {
            let answer = try gateway.post("/v1/infer/crashes", Self.plain)
            #expect(answer.status == 200 && answer.headers["sluice-fallback"] == nil, "\(answer.text)")
        }
        #expect(try eventually { try count("failed", of: "crashes") > 0 && count("running", of: "crashes") == 0 })
        #expect(try count("held_bytes", of: "crashes") == 0 && count("compared", of: "crashes") == 0)
        let failures = try shadow(of: "crashes")["failures"] as? [String: Int] ?? [:]
        #expect(failures["plugin_crashed"] ?? 0 > 0, "\(failures)")
        #expect(try gateway.get("/v2/health/live").status == 200)
    }

    @Test func aShadowThatHangsIsLeftAloneAndHoldsNoMoreThanItMay() throws {
        for _ in 0..<20 {
            let answer = try gateway.post("/v1/infer/hangs", Self.plain)
            #expect(answer.status == 200, "\(answer.text)")
            #expect(try count("running", of: "hangs") <= 2)
        }
        #expect(try eventually { try count("running", of: "hangs") == 0 })
        let failures = try shadow(of: "hangs")["failures"] as? [String: Int] ?? [:]
        #expect(failures["deadline_exceeded"] ?? 0 > 0, "\(failures)")
        #expect(try count("failed", of: "hangs") + count("left_out_busy", of: "hangs") == 20)
        #expect(try count("held_bytes", of: "hangs") == 0)
    }

    @Test func whatIsTooLargeIsLeftOut() throws {
        let row = Array(repeating: "1", count: 200).joined(separator: ",")
        #expect(try gateway.post("/v1/infer/tight", #"{"inputs": {"INPUT0": [[\#(row)]]}}"#).status == 200)
        #expect(try count("left_out_memory", of: "tight") == 1)
        #expect(try gateway.post("/v1/infer/tight", Self.plain).status == 200)
        #expect(try eventually { try count("compared", of: "tight") == 1 })
    }

    @Test func aRequestThatWasNotAnsweredIsNotSeen() throws {
        #expect(try gateway.post("/v1/infer/fails", Self.plain).status == 500)
        #expect(try gateway.post("/v1/infer/fails", "{").status == 400)
        #expect(try count("compared", of: "fails") == 0 && count("left_out_busy", of: "fails") == 0)
    }
}

/// What a shadow sees is nobody's quota, and a reload forgets nothing of it.
@Suite struct ShadowKeepingTests {
    private static func yaml(_ drain: String) -> String {
        """
        version: 1
        listeners:
          public: { address: LISTENER, serves: [inference, metrics] }
          ops: { address: LISTENER, serves: [admin] }
        models:
          good: { plugin: stub_faulty, limits: day }
          other: { plugin: stub_faulty, limits: day2 }
        auth: none
        consumers: { anonymous: { limits: day3 } }
        limits:
          day: [{ count: requests, max: 1000/day, window: calendar }]
          day2: [{ count: requests, max: 1000/day, window: calendar }]
          day3: [{ count: requests, max: 1000/day, window: calendar }]
        routes:
          - { match: { model: good }, send: good, shadow: { model: other, concurrency: 64 } }
        drain: \(drain)
        """
    }

    @Test func quotasCountOnlyCallersAndReloadsKeepTheTally() throws {
        let gateway = try GatewayFixture(Self.yaml("20s"))
        let ops = try #require(gateway.ports["ops"])
        func used(_ scope: String, _ name: String) throws -> Double {
            let usage = try gateway.get("/admin/usage", port: ops).json["usage"] as? [[String: Any]] ?? []
            let quota = usage.first { $0["scope"] as? String == scope && $0["name"] as? String == name }
            return quota?["used"] as? Double ?? 0
        }
        func compared() throws -> Int {
            let shadows = try gateway.get("/admin/shadows", port: ops).json["shadows"] as? [[String: Any]]
            return shadows?.first?["compared"] as? Int ?? -1
        }
        let body = #"{"inputs": {"INPUT0": [[1, 2]]}}"#
        for _ in 0..<5 { #expect(try gateway.post("/v1/infer/good", body).status == 200) }
        #expect(try eventually { try compared() == 5 })
        #expect(try used("consumer", "anonymous") == 5)
        #expect(try used("model", "good") == 5)
        #expect(try used("model", "other") == 0)

        try gateway.write(Self.yaml("21s"))
        #expect(try gateway.request("POST", "/admin/reload", port: ops).status == 200)
        #expect(try compared() == 5)
        #expect(try gateway.post("/v1/infer/good", body).status == 200)
        #expect(try eventually { try compared() == 6 })
    }
}

/// What can't be held against each other is refused, with the place and the reason.
@Suite struct ShadowFitTests {
    private static func yaml(_ route: String) -> String {
        """
        version: 1
        listeners: { public: { address: LISTENER } }
        models:
          keeps: { plugin: stub_faulty, config: { sequences: true } }
          plain: { plugin: stub_faulty }
          other: { plugin: stub_faulty }
        auth: none
        routes:
          - \(route)
          - { match: { model: keeps }, send: keeps }
          - { match: { model: plain }, send: plain }
          - { match: { model: other }, send: other }
        """
    }

    @Test(arguments: [
        "{ match: { model: m }, send: keeps, shadow: { model: plain } }",
        "{ match: { model: m }, send: plain, shadow: { model: keeps } }",
        "{ match: { model: m }, send: plain, shadow: { model: other }, fallback: [{ when: any, model: keeps }] }",
    ])
    func modelsWithStateAndShadowsDontGoTogether(route: String) throws {
        let reason = #"""
            route "m": model "keeps" keeps state from one request of a sequence to the next, and a shadow, which may leave \#
            requests out, would answer from another state; leave shadow out
            """#
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-fit-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("gateway.yaml")
        try Self.yaml(route).replacingOccurrences(of: "LISTENER", with: "\"127.0.0.1:0\"")
            .write(to: file, atomically: true, encoding: .utf8)
        let run = try CommandRun(["check", file.path, "--load"])
        #expect(run.status == 1 && run.output.contains("error: \(reason)"), "\(run.output)")
        let start = #expect(throws: GatewayFixture.StartFailure.self) { _ = try GatewayFixture(Self.yaml(route)) }
        #expect(start?.description.contains("keeps state from one request") == true)
    }

    /// To models without state a sequence's requests are like all others.
    @Test func requestsOfSequencesToOtherModelsAreSeen() throws {
        let gateway = try GatewayFixture(
            """
            version: 1
            listeners:
              public: { address: LISTENER }
              ops: { address: LISTENER, serves: [admin] }
            models:
              plain: { plugin: stub_faulty }
              other: { plugin: stub_faulty }
            auth: none
            routes:
              - { match: { model: m }, send: plain, shadow: { model: other } }
            """)
        let body = #"""
            {"inputs": [{"name": "INPUT0", "shape": [1, 2], "datatype": "FP32", "data": [1, 2]}],
             "parameters": {"sequence_id": 7, "sequence_start": true}}
            """#
        #expect(try gateway.post("/v2/models/m/infer", body).status == 200)
        #expect(
            try eventually {
                let answer = try gateway.get("/admin/shadows", port: gateway.ports["ops"])
                return (answer.json["shadows"] as? [[String: Any]])?.first?["compared"] as? Int == 1
            })
    }
}
