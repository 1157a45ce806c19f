import Foundation
import NIOConcurrencyHelpers
import Testing

/// Steps' models that are swapped, and files that are reloaded, while requests go through the pipeline.
@Suite struct PipelineSwapTests {
    private static func yaml(_ version: Int) -> String {
        """
        version: 1
        listeners:
          public: { address: LISTENER, serves: [inference] }
          ops: { address: LISTENER, serves: [admin, metrics] }
        models:
          first:
            plugin: echo
            version: "\(version)"
            config: { inputs: [{ name: x, datatype: FP32, shape: [-1, -1] }], outputs: [{ name: middle }] }
          second: { plugin: stub_faulty, version: "\(version)", config: { streams: false } }
          apart: { plugin: stub_faulty, isolation: process, config: { streams: false } }
          two: { steps: [first, { model: second, inputs: { INPUT0: middle }, outputs: { OUTPUT0: y } }] }
          three: { version: "\(version)", steps: [{ model: two, outputs: { y: z } }, { model: apart, inputs: { INPUT0: z } }] }
          watcher: { steps: [{ model: two, outputs: { y: z } }, { model: apart, inputs: { INPUT0: z } }] }
        auth: none
        routes:
          - { match: { model: m }, send: three, shadow: { model: watcher, concurrency: 2 }, hedge: { after: 1s } }
        drain: 5s
        """
    }

    @Test func noRequestFailsWhileStepsAreSwapped() throws {
        let gateway = try GatewayFixture(Self.yaml(1))
        let ops = try #require(gateway.ports["ops"])
        let versions = NIOLockedValueBox<Set<String>>([])
        let load = Load(
            port: gateway.port, connections: 4, path: "/v1/infer/m", body: #"{"inputs": {"x": [[1, 2]]}}"#
        ) { answer in
            guard answer.status == 200, let outputs = answer.json["outputs"] as? [String: [[Double]]],
                outputs == ["OUTPUT0": [[1, 2]]]
            else { return "\(answer.status) \(answer.text)" }
            if let version = answer.json["version"] as? String { _ = versions.withLockedValue { $0.insert(version) } }
            return nil
        }
        for round in 2...12 {
            load.waitForAnswers(8)
            for model in ["second", "first"] {
                let swap = try gateway.request("POST", "/admin/models/\(model)/swap", port: ops)
                #expect(swap.status == 200, "\(swap.text)")
            }
            load.waitForAnswers(8)
            try gateway.write(Self.yaml(round))
            let reload = try gateway.request("POST", "/admin/reload", port: ops)
            #expect(reload.status == 200, "\(reload.text)")
        }
        load.waitForAnswers(8)
        let outcome = load.stop()
        #expect(outcome.failureCount == 0, "\(outcome.failures)")
        #expect(outcome.answers > 150)
        #expect(versions.withLockedValue { $0.count } > 6, "answers came from nearly every version")
        // The shadow's steps were swapped as well; what it answered was the same throughout.
        let shadows = try gateway.get("/admin/shadows", port: ops).json["shadows"] as? [[String: Any]]
        let shadow = try #require(shadows?.first)
        #expect(shadow["compared"] as? Int ?? 0 > 0 && shadow["failed"] as? Int == 0, "\(shadow)")
        // What went was freed: eleven times two swaps and a reload that brings two models anew.
        _ = try gateway.waitForLog("model freed", count: 44)
    }
}
