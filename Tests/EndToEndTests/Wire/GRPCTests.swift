import Foundation
import SwiftProtobuf
import Testing
import WireMessages

/// gRPC frame by frame: what is right is answered, what is wrong is refused with the status that gRPC gives it.
@Suite struct GRPCTests {
    typealias Kind = HTTP2Peer.Kind

    static let echo = """
        version: 1
        listeners: { public: { address: LISTENER, max_body: 64KiB } }
        models: { echo: { plugin: echo } }
        auth: none
        """

    static let service = "/inference.GRPCInferenceService/"

    static let infer = Inference_ModelInferRequest.with {
        $0.modelName = "echo"
        $0.id = "7"
        $0.inputs = [
            .with {
                $0.name = "INPUT0"
                $0.datatype = "FP32"
                $0.shape = [1, 2]
            }
        ]
        $0.rawInputContents = [Data([0, 0, 0x80, 0x3F, 0, 0, 0, 0x40])]
    }

    /// How a call ended.
    struct Outcome {
        var messages: [[UInt8]] = []
        var headers: [String: String] = [:]
        var trailers: [String: String] = [:]

        var status: Int? { trailers["grpc-status"].flatMap { Int($0) } }
        var message: String { trailers["grpc-message"] ?? "" }
    }

    /// Makes one call on a connection of its own and reads to the end of its stream.
    static func call(
        _ gateway: GatewayFixture, _ method: String, _ fields: [(String, String)] = [], body: [UInt8]
    ) throws -> Outcome {
        let peer = try HTTP2Peer(port: gateway.port)
        peer.sendHeaders(HTTP2Peer.grpc(method, fields), on: 1)
        peer.send(Kind.data, HTTP2Peer.endStream, 1, body)
        return try outcome(of: 1, peer)
    }

    static func outcome(of stream: Int, _ peer: HTTP2Peer) throws -> Outcome {
        var outcome = Outcome()
        var data: [UInt8] = []
        while let frame = try peer.next(where: { $0.stream == stream }) {
            switch frame.type {
            case Kind.data: data += frame.payload
            case Kind.headers where frame.flags & HTTP2Peer.endStream != 0:
                outcome.trailers = Dictionary(frame.fields.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
                while data.count >= 5 {
                    let length = data[1..<5].reduce(0) { $0 << 8 | Int($1) }
                    outcome.messages.append(Array(data[5..<(5 + length)]))
                    data.removeFirst(5 + length)
                }
                return outcome
            case Kind.headers:
                outcome.headers = Dictionary(frame.fields.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
            default: return outcome
            }
        }
        return outcome
    }

    @Test func anInferenceIsAnsweredRaw() throws {
        let gateway = try GatewayFixture(Self.echo)
        let outcome = try Self.call(
            gateway, Self.service + "ModelInfer", body: HTTP2Peer.message(try Self.infer.wire))
        #expect(outcome.status == 0)
        let response = try Inference_ModelInferResponse(
            serializedBytes: try #require(outcome.messages.first) as [UInt8])
        #expect(response.id == "7" && response.modelName == "echo")
        #expect(response.outputs.map(\.name) == ["OUTPUT0"])
        #expect(response.rawOutputContents == Self.infer.rawInputContents)
    }

    @Test func aMessageInSinglesIsTheSameMessage() throws {
        let gateway = try GatewayFixture(Self.echo)
        let peer = try HTTP2Peer(port: gateway.port)
        peer.sendHeaders(HTTP2Peer.grpc(Self.service + "ModelInfer"), on: 1)
        let body = HTTP2Peer.message(try Self.infer.wire)
        for byte in body.dropLast() { peer.send(Kind.data, 0, 1, [byte]) }
        peer.send(Kind.data, HTTP2Peer.endStream, 1, [body.last ?? 0])
        let outcome = try Self.outcome(of: 1, peer)
        #expect(outcome.status == 0 && outcome.messages.count == 1)
    }

    @Test func manyCallsShareAConnection() throws {
        let gateway = try GatewayFixture(Self.echo)
        let peer = try HTTP2Peer(port: gateway.port)
        let body = HTTP2Peer.message(try Self.infer.wire)
        for index in 0..<50 {
            let stream = 2 * index + 1
            peer.sendHeaders(HTTP2Peer.grpc(Self.service + "ModelInfer"), on: stream)
            peer.send(Kind.data, HTTP2Peer.endStream, stream, body)
        }
        var ended = 0
        while ended < 50, let frame = try peer.next() {
            if frame.type == Kind.headers && frame.flags & HTTP2Peer.endStream != 0 { ended += 1 }
        }
        #expect(ended == 50)
    }

    @Test func whatIsWrongIsRefusedWithItsStatus() throws {
        let gateway = try GatewayFixture(Self.echo)
        let good = try Self.infer.wire
        let infer = Self.service + "ModelInfer"
        var unknown = Self.infer
        unknown.modelName = "nobody"
        let cases: [(String, String, [(String, String)], [UInt8], Int)] = [
            ("an unknown method", Self.service + "Nothing", [], HTTP2Peer.message([]), 12),
            ("an unknown service", "/a.B/C", [], HTTP2Peer.message([]), 12),
            ("no message", infer, [], [], 12),
            ("two messages", infer, [], HTTP2Peer.message(good) + HTTP2Peer.message(good), 12),
            ("a cut prefix", infer, [], [0, 0, 0], 3),
            ("a cut message", infer, [], HTTP2Peer.message(good, length: good.count + 1), 3),
            ("a message with more behind", infer, [], HTTP2Peer.message(good) + [0], 3),
            ("an unknown flag", infer, [], HTTP2Peer.message(good, flag: 2), 3),
            ("compressed without a compression", infer, [], HTTP2Peer.message(good, flag: 1), 3),
            ("compressed as identity", infer, [("grpc-encoding", "identity")], HTTP2Peer.message(good, flag: 1), 3),
            ("an unknown compression", infer, [("grpc-encoding", "zstd")], HTTP2Peer.message(good, flag: 1), 12),
            ("gzip that isn't", infer, [("grpc-encoding", "gzip")], HTTP2Peer.message(good, flag: 1), 3),
            ("a message above the limit", infer, [], [0, 0, 1, 0, 1], 8),
            ("a message of 4 GiB", infer, [], [0, 255, 255, 255, 255], 8),
            ("a timeout that isn't", infer, [("grpc-timeout", "soon")], HTTP2Peer.message(good), 3),
            ("a timeout of nothing", infer, [("grpc-timeout", "0n")], [], 4),
            ("a message that isn't", infer, [], HTTP2Peer.message([0xFF, 0xFF, 0xFF]), 3),
            ("no model", infer, [], HTTP2Peer.message([]), 3),
            ("an unknown model", infer, [], HTTP2Peer.message(try unknown.wire), 5),
            ("GPU memory", Self.service + "CudaSharedMemoryStatus", [], HTTP2Peer.message([]), 12),
        ]
        for (name, method, fields, body, status) in cases {
            let outcome = try Self.call(gateway, method, fields, body: body)
            #expect(outcome.status == status, "\(name): \(outcome.trailers)")
            #expect(outcome.messages.isEmpty && !outcome.message.isEmpty, "\(name)")
        }
        #expect(try gateway.get("/v2/health/live").status == 200)
    }

    @Test func strangersAreRefusedBeforeTheySendAnything() throws {
        let gateway = try GatewayFixture(
            Self.echo.replacingOccurrences(
                of: "auth: none",
                with: """
                    auth: api_keys
                    consumers: { acme: { keys: [{ id: k, hash: "sha256:\(String(repeating: "0", count: 64))" }], allow: { models: [echo] } } }
                    """))
        let peer = try HTTP2Peer(port: gateway.port)
        peer.sendHeaders(HTTP2Peer.grpc(Self.service + "ModelInfer"), on: 1)
        #expect(try Self.outcome(of: 1, peer).status == 16)
        // What it sends all the same is passed over.
        peer.send(Kind.data, HTTP2Peer.endStream, 1, HTTP2Peer.message([1]))
        #expect(try peer.isAlive())
    }

    @Test func reflectionAndHealthAnswer() throws {
        let gateway = try GatewayFixture(Self.echo)
        let health = try Self.call(gateway, "/grpc.health.v1.Health/Check", body: HTTP2Peer.message([]))
        #expect(health.status == 0 && health.messages == [[8, 1]])
        let unknown = try Self.call(
            gateway, "/grpc.health.v1.Health/Check", body: HTTP2Peer.message([0x0A, 1, 0x78]))
        #expect(unknown.status == 5)
        let list = Grpc_Reflection_V1_ServerReflectionRequest.with { $0.listServices = "" }
        for version in ["v1", "v1alpha"] {
            let outcome = try Self.call(
                gateway, "/grpc.reflection.\(version).ServerReflection/ServerReflectionInfo",
                body: HTTP2Peer.message(try list.wire))
            let response = try Grpc_Reflection_V1_ServerReflectionResponse(
                serializedBytes: try #require(outcome.messages.first) as [UInt8])
            #expect(response.listServicesResponse.service.count == 4)
        }
    }
}

extension SwiftProtobuf.Message {
    /// The message as bytes.
    var wire: [UInt8] {
        get throws { try serializedBytes() }
    }
}
