import Foundation
import SwiftProtobuf
import Testing
import WireMessages

/// What tells how an answer came about is the same over HTTP/1.1, HTTP/2 and gRPC.
@Suite(
    .gateway(
        """
        version: 1
        listeners: { public: { address: LISTENER } }
        models:
          good: { plugin: stub_faulty }
          spare: { plugin: stub_faulty }
          fails: { plugin: stub_faulty, config: { behaviour: fail } }
          kept:
            plugin: stub_faulty
            config: { streams: false, deterministic: true, behaviour: fail-nth, nth: 2 }
            cache: { age: 1ms }
        auth: none
        consumers: { anonymous: { limits: [some] } }
        limits: { some: [{ count: requests, max: 10/day, burst: 10 }] }
        routes:
          - match: { model: saved }
            send: fails
            fallback: [{ when: timeout, model: spare }, { when: failed, model: good }]
          - match: { model: fixed }
            send: fails
            fallback: [{ when: failed, answer: { OUTPUT0: { datatype: FP32, shape: [1, 2], data: [3, 4] } } }]
          - { match: { model: old }, send: kept, fallback: [{ when: failed, stale: 1h }] }
        """), .serialized)
struct AnswerHeaderTests {
    let gateway: GatewayFixture

    init() throws { gateway = try #require(GatewayTrait.current) }

    /// The fields that are about the answer, and the status: of gRPC its own.
    private struct Told: Equatable {
        var status: String
        var fields: [String: String]

        init(_ status: String, _ all: [(name: String, value: String)]) {
            self.status = status
            fields = Dictionary(
                all.filter {
                    $0.name.hasPrefix("sluice-") || $0.name.hasPrefix("ratelimit")
                        || ["age", "retry-after"].contains($0.name)
                }.map { ($0.name, $0.value) }, uniquingKeysWith: { $0 + " and " + $1 })
        }
    }

    private func overHTTP1(_ model: String) throws -> Told {
        let response = try gateway.post("/v1/infer/\(model)", "[[1,2]]")
        return Told("\(response.status)", response.headers.map { ($0.key, $0.value) })
    }

    private func overHTTP2(_ model: String) throws -> Told {
        let peer = try HTTP2Peer(port: gateway.port)
        peer.sendHeaders(
            HTTP2Peer.request("POST", "/v1/infer/\(model)", [("content-type", "application/json")]), on: 1)
        peer.send(HTTP2Peer.Kind.data, HTTP2Peer.endStream, 1, Array("[[1,2]]".utf8))
        let head = try #require(try peer.next { $0.type == HTTP2Peer.Kind.headers && $0.stream == 1 })
        return Told(head.field(":status") ?? "", head.fields)
    }

    private func overGRPC(_ model: String) throws -> Told {
        let message = Inference_ModelInferRequest.with {
            $0.modelName = model
            $0.inputs = [
                .with {
                    $0.name = "INPUT0"
                    $0.datatype = "FP32"
                    $0.shape = [1, 2]
                }
            ]
            $0.rawInputContents = [Data([0, 0, 0x80, 0x3F, 0, 0, 0, 0x40])]
        }
        let peer = try HTTP2Peer(port: gateway.port)
        peer.sendHeaders(HTTP2Peer.grpc("/inference.GRPCInferenceService/ModelInfer"), on: 1)
        let bytes: [UInt8] = try message.serializedBytes()
        peer.send(HTTP2Peer.Kind.data, HTTP2Peer.endStream, 1, HTTP2Peer.message(bytes))
        let head = try #require(try peer.next { $0.type == HTTP2Peer.Kind.headers && $0.stream == 1 })
        let last =
            head.field("grpc-status") == nil
            ? try #require(try peer.next { $0.type == HTTP2Peer.Kind.headers && $0.stream == 1 }) : head
        var told = Told(last.field("grpc-status") ?? "", head.fields)
        // The code stands in the body elsewhere.
        told.fields["sluice-code"] = nil
        return told
    }

    /// Ten requests are all that there is for the day, so that their order is known.
    @Test func theyAreTheSameOverEveryProtocol() throws {
        let asks = [overHTTP1, overHTTP2, overGRPC]
        var left = 10
        func told(_ model: String, _ ask: (String) throws -> Told) throws -> [String: String] {
            let told = try ask(model)
            #expect(["200", "0"].contains(told.status), "\(model): \(told)")
            left -= 1
            #expect(told.fields["ratelimit"]?.contains("r=\(left)") == true, "\(told.fields)")
            #expect(told.fields["ratelimit-policy"]?.contains("q=10") == true, "\(told.fields)")
            return told.fields.filter { !$0.key.hasPrefix("ratelimit") }
        }
        for ask in asks {
            #expect(
                try told("saved", ask) == [
                    "sluice-model": "good", "sluice-fallback": "fails=model_failed", "sluice-rung": "2",
                ])
            #expect(try told("fixed", ask) == ["sluice-fallback": "fails=model_failed", "sluice-rung": "1"])
        }
        // The first one is kept, and every second one fails.
        #expect(try told("old", overHTTP1) == ["sluice-model": "kept", "sluice-cache": "miss"])
        for ask in [overHTTP2, overGRPC] {
            usleep(2_000)
            let fields = try told("old", ask)
            if fields["sluice-cache"] == "stale" {
                #expect(fields["age"] == "0" && fields["sluice-fallback"] == "kept=model_failed", "\(fields)")
                #expect(fields["sluice-rung"] == "1")
            } else {
                #expect(fields == ["sluice-model": "kept", "sluice-cache": "miss"])
            }
        }
        _ = try told("saved", overHTTP1)

        // And what is refused says when to come again.
        for (ask, status) in zip(asks, ["429", "429", "8"]) {
            let refused = try ask("saved")
            #expect(refused.status == status)
            #expect(refused.fields["ratelimit"]?.contains("r=0") == true, "\(refused.fields)")
            #expect(refused.fields["retry-after"].flatMap { Int($0) } ?? 0 > 0, "\(refused.fields)")
            #expect(refused.fields["sluice-model"] == "fails")
        }
    }
}
