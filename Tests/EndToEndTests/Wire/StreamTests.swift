import Foundation
import SwiftProtobuf
import Testing
import WireMessages

/// Answers in parts over every protocol, and clients that leave in the middle of them.
@Suite(
    .gateway(
        """
        version: 1
        listeners: { public: { address: LISTENER } }
        models:
          stream: { plugin: stub_faulty, config: { behaviour: stream-until-cancelled, for: 30s, concurrency: 4 } }
          held: { plugin: stub_faulty, config: { behaviour: stream-until-cancelled, for: 30s, concurrency: 4 } }
          parts: { plugin: stub_faulty, config: { behaviour: stream, parts: 5 } }
          hang: { plugin: stub_faulty, config: { behaviour: hang, for: 30s, concurrency: 2 } }
          echo: { plugin: echo }
        auth: none
        """))
struct StreamTests {
    typealias Kind = HTTP2Peer.Kind

    let gateway: GatewayFixture

    init() throws { gateway = try #require(GatewayTrait.current) }

    private func failures(_ model: String) throws -> Double {
        try gateway.metric("sluice_model_failures_total{model=\"\(model)\",code=\"cancelled\"}")
    }

    /// A `ModelInferRequest` for one row of two numbers.
    private static func request(_ model: String, marksLast: Bool = false, outputs: [String] = []) -> [UInt8] {
        let message = Inference_ModelInferRequest.with {
            $0.modelName = model
            $0.inputs = [
                .with {
                    $0.name = "INPUT0"
                    $0.datatype = "FP32"
                    $0.shape = [1, 2]
                }
            ]
            $0.outputs = outputs.map { name in .with { $0.name = name } }
            $0.rawInputContents = [Data([0, 0, 0x80, 0x3F, 0, 0, 0, 0x40])]
            if marksLast { $0.parameters["triton_enable_empty_final_response"] = .with { $0.boolParam = true } }
        }
        return HTTP2Peer.message((try? message.wire) ?? [])
    }

    /// The events of a body; each must be one line of data.
    private static func events(_ body: [UInt8]) -> [[String: Any]] {
        String(decoding: body, as: UTF8.self).components(separatedBy: "\n\n").filter { !$0.isEmpty }.map { event in
            #expect(event.hasPrefix("data: ") && !event.contains("\n"))
            return Response(status: 200, headers: [:], body: Array(event.utf8.dropFirst(6))).json
        }
    }

    @Test func partsComeAsEvents() throws {
        let response = try gateway.post("/v1/infer/parts", "[[1,2]]", headers: ["Accept": "text/event-stream"])
        #expect(response.status == 200)
        #expect(response.headers["content-type"] == "text/event-stream")
        let events = Self.events(response.body)
        #expect(events.count == 6)
        for event in events { #expect((event["outputs"] as? [String: [[Double]]])?["OUTPUT0"] == [[1, 2]]) }
    }

    @Test(arguments: ["application/x-ndjson", "text/event-stream"]) func partsComeOverHTTP2(_ type: String) throws {
        let peer = try HTTP2Peer(port: gateway.port)
        peer.sendHeaders(HTTP2Peer.request("POST", "/v1/infer/parts", [("accept", type)]), on: 1)
        peer.send(Kind.data, HTTP2Peer.endStream, 1, Array("[[1,2]]".utf8))
        var body: [UInt8] = []
        var type: String?
        while let frame = try peer.next(where: { $0.stream == 1 }) {
            if frame.type == Kind.headers { type = frame.field("content-type") }
            if frame.type == Kind.data { body += frame.payload }
            if frame.flags & HTTP2Peer.endStream != 0 { break }
        }
        let count =
            type == "text/event-stream"
            ? Self.events(body).count : String(decoding: body, as: UTF8.self).split(separator: "\n").count
        #expect(count == 6)
    }

    @Test func generateAnswersByName() throws {
        let response = try gateway.post("/v2/models/echo/generate", #"{"INPUT0": [1, 2], "id": "7"}"#)
        #expect(response.status == 200)
        #expect(response.json["model_name"] as? String == "echo")
        #expect(response.json["id"] as? String == "7")
        #expect(response.json["OUTPUT0"] as? [Double] == [1, 2])
        let scalar = try gateway.post("/v2/models/echo/versions/1/generate", #"{"INPUT0": [1]}"#)
        #expect(scalar.json["OUTPUT0"] as? Double == 1)
        #expect(try gateway.post("/v2/models/parts/generate", #"{"INPUT0": [[1, 2]]}"#).status == 406)
        #expect(try gateway.post("/v2/models/echo/generate", #"{"WRONG": [1]}"#).status == 400)
    }

    @Test func generateStreamSendsEvents() throws {
        let response = try gateway.post("/v2/models/parts/generate_stream", #"{"INPUT0": [[1, 2]]}"#)
        #expect(response.headers["content-type"] == "text/event-stream")
        let events = Self.events(response.body)
        #expect(events.count == 6)
        for event in events { #expect(event["OUTPUT0"] as? [Double] == [1, 2]) }
        #expect(Self.events(try gateway.post("/v2/models/echo/generate_stream", #"{"INPUT0": [1]}"#).body).count == 1)
    }

    @Test(arguments: [[], ["OUTPUT0"]]) func partsComeAsMessages(_ outputs: [String]) throws {
        let outcome = try GRPCTests.call(
            gateway, GRPCTests.service + "ModelStreamInfer",
            body: Self.request("parts", marksLast: true, outputs: outputs) + Self.request("echo"))
        #expect(outcome.status == 0)
        let responses = try outcome.messages.map { try Inference_ModelStreamInferResponse(serializedBytes: $0) }
        #expect(responses.allSatisfy { $0.errorMessage.isEmpty })
        #expect(responses.map(\.inferResponse.modelName) == Array(repeating: "parts", count: 6) + ["echo"])
        #expect(
            responses.map { $0.inferResponse.parameters["triton_final_response"]?.boolParam }
                == Array(repeating: false, count: 5) + [true, nil])
    }

    @Test func aUnaryCallTakesNoParts() throws {
        let outcome = try GRPCTests.call(gateway, GRPCTests.service + "ModelInfer", body: Self.request("parts"))
        #expect(outcome.status == 12)
        #expect(outcome.message.contains("ModelStreamInfer"))
    }

    @Test func aResetCancelsTheModelsWork() throws {
        let before = try failures("stream")
        let peer = try HTTP2Peer(port: gateway.port)
        peer.sendHeaders(HTTP2Peer.grpc(GRPCTests.service + "ModelStreamInfer"), on: 1)
        peer.send(Kind.data, 0, 1, Self.request("stream"))
        _ = try peer.next { $0.stream == 1 && $0.type == Kind.data }
        peer.send(Kind.reset, 0, 1, [0, 0, 0, 8])
        #expect(try eventually { try failures("stream") == before + 1 })
        #expect(try peer.isAlive())

        let hanging = try failures("hang")
        peer.sendHeaders(HTTP2Peer.request("POST", "/v1/infer/hang"), on: 3)
        peer.send(Kind.data, HTTP2Peer.endStream, 3, Array("[[1]]".utf8))
        #expect(try eventually { try gateway.metric("sluice_requests_in_flight") >= 1 })
        peer.send(Kind.reset, 0, 3, [0, 0, 0, 8])
        #expect(try eventually { try failures("hang") == hanging + 1 })
    }

    @Test func aDeadlineEndsTheCallAndTheModelsWork() throws {
        let before = try gateway.metric("sluice_model_failures_total{model=\"hang\",code=\"deadline_exceeded\"}")
        let outcome = try GRPCTests.call(
            gateway, GRPCTests.service + "ModelInfer", [("grpc-timeout", "100m")], body: Self.request("hang"))
        #expect(outcome.status == 4)
        #expect(
            try eventually {
                try gateway.metric("sluice_model_failures_total{model=\"hang\",code=\"deadline_exceeded\"}") > before
            })
    }

    /// A client that opens no window holds the model back.
    @Test func aStreamWaitsForItsWindow() throws {
        let peer = try HTTP2Peer(port: gateway.port)
        peer.sendHeaders(HTTP2Peer.grpc(GRPCTests.service + "ModelStreamInfer"), on: 1)
        peer.send(Kind.data, 0, 1, Self.request("held"))
        _ = try peer.next { $0.stream == 1 && $0.type == Kind.data }
        var last = -1.0
        #expect(
            try eventually {
                let now = try gateway.metric("process_cpu_seconds_total")
                defer { last = now }
                return now - last < 0.02
            }, "the gate goes on working for a client that takes nothing")
    }
}
