import Foundation
import NIOConcurrencyHelpers
import Testing

/// What loading a model does to the others: nothing.
@Suite(.serialized) struct LoadingTests {
    private static let body = #"{"inputs": {"INPUT0": [[1, 2, 3]]}}"#

    private static func yaml(_ models: String) -> String {
        """
        version: 1
        listeners: { public: { address: LISTENER }, ops: { address: LISTENER, serves: [admin] } }
        models:
          a: { plugin: stub_faulty }
        \(models)
        auth: none
        """
    }

    @Sendable private static func judge(_ response: Response) -> String? {
        response.status == 200 ? nil : "\(response.status): \(response.text.prefix(200))"
    }

    /// Compared within one run, and by a wide margin: what it guards against is a wait for the loading itself, which takes
    /// hundreds of times as long as an answer.
    @Test func slowLoadingMovesNoOtherModelsLatency() throws {
        let gateway = try GatewayFixture(Self.yaml(""))
        let ops = try #require(gateway.ports["ops"])
        let load = Load(
            port: gateway.port, connections: 2, path: "/v1/infer/a", body: Self.body, pause: 500, judge: Self.judge)
        load.waitForAnswers(500)
        try gateway.write(Self.yaml("  b: { plugin: stub_faulty, config: { behaviour: load-slow, for: 5s } }"))
        let start = DispatchTime.now().uptimeNanoseconds
        let answer = try gateway.request("POST", "/admin/reload", port: ops)
        let end = DispatchTime.now().uptimeNanoseconds
        #expect(answer.status == 200)
        #expect(end - start >= 5_000_000_000, "the model took its time")
        load.waitForAnswers(500)
        let outcome = load.stop()
        #expect(outcome.failureCount == 0, "\(outcome.failures)")
        let during = try #require(outcome.percentile(0.99) { $0 > start && $0 < end })
        let outside = try #require(outcome.percentile(0.99) { $0 < start || $0 > end })
        print("p99 of the others: \(during / 1000) µs while a model takes 5 s to load, \(outside / 1000) µs else")
        #expect(during < 5 * outside + 50_000_000, "p99 \(during / 1000) us while it loads, \(outside / 1000) us else")
        #expect(try gateway.post("/v1/infer/b", Self.body).status == 200)
    }

    @Test func modelThatFailsItsSelfTestLeavesTheOldOneServing() throws {
        let good = """
              m:
                plugin: stub_faulty
                version: "1"
                self_test:
                  - inputs: { INPUT0: [[1, 2.5], [3, 4]] }
                    expect: { OUTPUT0: [[1, 2.50001], [3, 4]] }
            """
        let gateway = try GatewayFixture(Self.yaml(good))
        let ops = try #require(gateway.ports["ops"])
        func version() throws -> String? {
            try gateway.post("/v1/infer/m", Self.body).json["version"] as? String
        }
        #expect(try version() == "1", "\(gateway.log)")
        let next = good.replacingOccurrences(of: "\"1\"", with: "\"2\"")
        let wrong: [(String, String)] = [
            (next.replacingOccurrences(of: "2.50001", with: "2.51"), "output \"OUTPUT0\" is not what was expected"),
            (next.replacingOccurrences(of: "OUTPUT0:", with: "OUTPUT9:"), "it has no output \"OUTPUT9\""),
            (next.replacingOccurrences(of: "INPUT0:", with: "INPUT9:"), "INPUT9"),
            (
                next.replacingOccurrences(of: "stub_faulty\n", with: "stub_faulty\n    config: { behaviour: fail }\n"),
                "told to fail"
            ),
            (
                next.replacingOccurrences(
                    of: "stub_faulty\n",
                    with:
                        "stub_faulty\n    timeout: 50ms\n    config: { behaviour: hang-ignoring-cancel, for: 400ms }\n"),
                "in time"
            ),
        ]
        for (yaml, reason) in wrong {
            try gateway.write(Self.yaml(yaml))
            let answer = try gateway.request("POST", "/admin/reload", port: ops)
            #expect(answer.status == 409)
            let error = try #require(answer.error)
            #expect(error.contains("model \"m\" failed self_test 1") && error.contains(reason), "\(error)")
            #expect(try version() == "1")
        }
        try gateway.write(Self.yaml(next))
        #expect(try gateway.request("POST", "/admin/reload", port: ops).status == 200)
        #expect(try version() == "2")
    }

    private static var reloads: Int { Int(ProcessInfo.processInfo.environment["SLUICE_TEST_RELOADS"] ?? "") ?? 60 }

    /// A thousand in the full run: SLUICE_TEST_RELOADS=1000. Ten a second, every third file bad in one way or another.
    @Test func manyReloadsOfGoodAndBadFilesUnderLoad() throws {
        func yaml(_ version: Int, more: String = "") -> String {
            Self.yaml("  m: { plugin: stub_faulty, version: \"\(version)\" }") + "\n" + more
        }
        let gateway = try GatewayFixture(yaml(1))
        let ops = try #require(gateway.ports["ops"])
        /// The version of the last good file: what was asked for before it may answer a request that was under way.
        let load = Load(port: gateway.port, connections: 4, path: "/v1/infer/m", body: Self.body) { response in
            guard response.status == 200 else { return "\(response.status): \(response.text.prefix(200))" }
            let loaded = (response.json["parameters"] as? [String: Any])?["version"] as? String
            return response.json["version"] as? String == loaded ? nil : "two revisions: \(response.text.prefix(200))"
        }
        var good = 1
        let start = DispatchTime.now().uptimeNanoseconds
        for number in 2...(Self.reloads + 1) {
            let isGood = number % 3 != 0
            switch number % 9 {
            case 0: try gateway.write(yaml(number, more: "drian: 1s"))
            case 3: try gateway.write(yaml(number, more: "  : ["))
            case 6:
                try gateway.write(
                    yaml(number).replacingOccurrences(
                        of: "version: \"\(number)\"", with: "version: \"\(number)\", config: { behaviour: load-fails }")
                )
            default: try gateway.write(yaml(number))
            }
            let answer = try gateway.request("POST", "/admin/reload", port: ops)
            #expect(answer.status == (isGood ? 200 : 409), "\(number): \(answer.text)")
            if isGood { good = number }
            // What serves is known exactly, as nobody else reloads.
            #expect(try gateway.post("/v1/infer/m", Self.body).json["version"] as? String == "\(good)")
            let due = start + UInt64(number - 1) * 100_000_000
            let now = DispatchTime.now().uptimeNanoseconds
            if now < due { usleep(useconds_t((due - now) / 1000)) }
        }
        let outcome = load.stop()
        #expect(outcome.failureCount == 0, "\(outcome.failures)")
        #expect(outcome.answers > Self.reloads)
        let metrics = try gateway.get("/metrics").text
        let bad = (2...(Self.reloads + 1)).count { $0 % 3 == 0 }
        #expect(metrics.contains("sluice_reloads_total{outcome=\"failed\"} \(bad)\n"))
        #expect(metrics.contains("sluice_reloads_total{outcome=\"ok\"} \(Self.reloads - bad + 1)\n"))
    }
}
