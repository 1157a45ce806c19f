import Foundation
import Glibc
import NIOConcurrencyHelpers
import SwiftProtobuf
import Testing
import WireMessages

/// A running gateway gets new files; its clients notice nothing but what the files say.
@Suite(.serialized) struct ReloadTests {
    private static let body = #"{"inputs": {"INPUT0": [[1, 2, 3]]}}"#

    /// One model in the version given. Its answers carry the version twice: as the gateway's revision has it, and as the
    /// plugin was told when it loaded the model.
    private static func yaml(version: Int, models: String = "", more: String = "") -> String {
        """
        version: 1
        listeners: { public: { address: LISTENER } }
        models:
          m: { plugin: stub_faulty, version: "\(version)" }
        \(models)
        auth: none
        \(more)
        """
    }

    /// What is wrong with an answer of `m`: anything but a success that one revision alone has made.
    @Sendable private static func judge(_ response: Response) -> String? {
        guard response.status == 200 else { return "\(response.status): \(response.text.prefix(200))" }
        let json = response.json
        let parameters = json["parameters"] as? [String: Any]
        guard let said = json["version"] as? String, let loaded = parameters?["version"] as? String, said == loaded
        else { return "two revisions in one answer: \(response.text.prefix(200))" }
        return nil
    }

    private static var swaps: Int { Int(ProcessInfo.processInfo.environment["SLUICE_TEST_SWAPS"] ?? "") ?? 100 }

    @Test func versionIsSwappedUnderLoadAndNoRequestNotices() throws {
        let gateway = try GatewayFixture(Self.yaml(version: 1))
        let versions = NIOLockedValueBox<Set<String>>([])
        let load = Load(port: gateway.port, connections: 4, path: "/v1/infer/m", body: Self.body) { response in
            if let version = response.json["version"] as? String { versions.withLockedValue { _ = $0.insert(version) } }
            return Self.judge(response)
        }
        for version in 2...Self.swaps {
            try gateway.write(Self.yaml(version: version))
            let line = try gateway.hangUp(serves: version)
            #expect(line["revision"] as? String == "\(version)")
            load.waitForAnswers(4)
        }
        let outcome = load.stop()
        #expect(outcome.failureCount == 0, "\(outcome.failures)")
        #expect(outcome.answers >= Self.swaps * 4)
        #expect(versions.withLockedValue { $0.count } > Self.swaps / 2, "answers came from nearly every version")
        let last = try gateway.post("/v1/infer/m", Self.body)
        #expect(last.json["version"] as? String == "\(Self.swaps)")
        // All the old ones are freed in the end, and only they.
        _ = try gateway.waitForLog("model freed", count: Self.swaps - 1)
        #expect(gateway.logLines("model freed").count == Self.swaps - 1)
    }

    @Test func badFileChangesNothingAndTheLogSaysWhy() throws {
        let gateway = try GatewayFixture(Self.yaml(version: 1))
        try gateway.write(Self.yaml(version: 2, more: "drian: 3s"))
        gateway.signal(SIGHUP)
        let refused = try gateway.waitForLog("change refused")
        #expect(refused["stage"] as? String == "check")
        #expect((refused["reason"] as? String)?.contains("unknown key \"drian\" in the file") == true)
        #expect(refused["serving"] as? String == "1")
        let answer = try gateway.post("/v1/infer/m", Self.body)
        #expect(Self.judge(answer) == nil)
        #expect(answer.json["version"] as? String == "1")
        let metrics = try gateway.get("/metrics").text
        #expect(metrics.contains("sluice_reloads_total{outcome=\"failed\"} 1"))
        #expect(metrics.contains("sluice_config_revision 1"))

        try gateway.write(Self.yaml(version: 2))
        let serves = try gateway.hangUp(serves: 2)
        #expect(serves["changes"] as? [String] == [#"~ models.m.version: "1" -> "2""#])
        #expect(try gateway.get("/metrics").text.contains("sluice_config_revision 2"))
    }

    @Test func fileThatIsGoneChangesNothing() throws {
        let gateway = try GatewayFixture(Self.yaml(version: 1))
        try FileManager.default.removeItem(at: gateway.file)
        gateway.signal(SIGHUP)
        #expect(try gateway.waitForLog("change refused")["stage"] as? String == "read")
        #expect(Self.judge(try gateway.post("/v1/infer/m", Self.body)) == nil)
    }

    @Test func modelThatCannotBeLoadedLeavesTheOldOneServing() throws {
        let gateway = try GatewayFixture(Self.yaml(version: 1))
        try gateway.write(
            Self.yaml(version: 1).replacingOccurrences(
                of: #"version: "1" }"#,
                with: #"version: "2", config: { behaviour: load-fails, message: no such luck } }"#))
        gateway.signal(SIGHUP)
        let refused = try gateway.waitForLog("change refused")
        #expect(refused["stage"] as? String == "models")
        let reason = try #require(refused["reason"] as? String)
        #expect(reason.contains("\"m\"") && reason.contains("no such luck"), "\(reason)")
        let answer = try gateway.post("/v1/infer/m", Self.body)
        #expect(answer.json["version"] as? String == "1")
    }

    @Test func unchangedModelIsTheSameOneAfterAReload() throws {
        let gateway = try GatewayFixture(Self.yaml(version: 1))
        func calls() throws -> Int? {
            let answer = try gateway.post("/v1/infer/m", Self.body)
            return ((answer.json["parameters"] as? [String: Any])?["calls"] as? String).flatMap { Int($0) }
        }
        #expect(try calls() == 1)
        #expect(try calls() == 2)
        try gateway.write(Self.yaml(version: 1, models: "  other: { plugin: stub_faulty }", more: "drain: 3s"))
        let serves = try gateway.hangUp(serves: 2)
        #expect(serves["loaded"] as? [String] == ["other"])
        #expect(serves["retired"] as? [String] == [])
        #expect(try calls() == 3, "the plugin's own count went on")
        #expect(try gateway.post("/v1/infer/other", Self.body).status == 200)
    }

    @Test func whatAConsumerHasUsedIsNotForgotten() throws {
        let limited = """
            consumers: { anonymous: { limits: [few] } }
            limits: { few: [{ count: requests, max: 3/day }] }
            """
        let gateway = try GatewayFixture(Self.yaml(version: 1, more: limited))
        for _ in 1...2 { #expect(try gateway.post("/v1/infer/m", Self.body).status == 200) }
        try gateway.write(Self.yaml(version: 2, more: limited))
        _ = try gateway.hangUp(serves: 2)
        #expect(try gateway.post("/v1/infer/m", Self.body).status == 200)
        #expect(try gateway.post("/v1/infer/m", Self.body).status == 429)
    }

    @Test func listenersComeAndGoAndTheOthersKeepTheirConnections() throws {
        let gateway = try GatewayFixture(Self.yaml(version: 1))
        let load = Load(port: gateway.port, connections: 2, path: "/v1/infer/m", body: Self.body, judge: Self.judge)
        load.waitForAnswers(4)
        let two = "listeners: { public: { address: LISTENER }, second: { address: LISTENER, max_body: 2KiB } }"
        let one = "listeners: { public: { address: LISTENER } }"
        try gateway.write(Self.yaml(version: 1).replacingOccurrences(of: one, with: two))
        _ = try gateway.hangUp(serves: 2)
        let line = try gateway.waitForLog("listening", count: 2)
        let address = try #require(line["address"] as? String)
        let port = try #require(address.split(separator: ":").last.flatMap { Int($0) })
        #expect(
            Self.judge(
                try gateway.request(
                    "POST", "/v1/infer/m", headers: ["Content-Type": "application/json"],
                    body: Array(Self.body.utf8), port: port)) == nil)
        let idle = try RawConnection(port: port)
        // Other terms on the same socket.
        try gateway.write(
            Self.yaml(version: 1).replacingOccurrences(of: one, with: two.replacingOccurrences(of: "2KiB", with: "8B")))
        _ = try gateway.hangUp(serves: 3)
        idle.send("POST /v1/infer/m HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n")
        #expect(try idle.response().status == 413)

        let open = try RawConnection(port: port)
        try gateway.write(Self.yaml(version: 1))
        _ = try gateway.hangUp(serves: 4)
        #expect(try open.isClosedByPeer())
        _ = try gateway.waitForLog("no longer listening")
        #expect(throws: (any Error).self) { try RawConnection(port: port) }
        load.waitForAnswers(4)
        let outcome = load.stop()
        #expect(outcome.failureCount == 0, "\(outcome.failures)")
    }

    @Test func addressThatCannotBeHadChangesNothing() throws {
        let other = try GatewayFixture(Self.yaml(version: 1))
        let gateway = try GatewayFixture(Self.yaml(version: 1))
        try gateway.write(
            Self.yaml(version: 2).replacingOccurrences(
                of: "{ address: LISTENER }",
                with: "{ address: LISTENER }, taken: { address: \"127.0.0.1:\(other.port)\" }"))
        gateway.signal(SIGHUP)
        let refused = try gateway.waitForLog("change refused")
        #expect(refused["stage"] as? String == "listeners")
        #expect((refused["reason"] as? String)?.contains("\"taken\"") == true)
        #expect(try gateway.post("/v1/infer/m", Self.body).json["version"] as? String == "1")
    }

    @Test func requestThatIsUnderWayEndsByTheRevisionInWhichItBegan() throws {
        let slow = #"version: "1", config: { behaviour: slow, for: 3s } }"#
        let gateway = try GatewayFixture(
            Self.yaml(version: 1).replacingOccurrences(of: #"version: "1" }"#, with: slow))
        let connection = try RawConnection(port: gateway.port)
        connection.send(
            "POST /v1/infer/m HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                + "Content-Length: \(Self.body.utf8.count)\r\n\r\n\(Self.body)")
        // Only once it is under way is the model replaced.
        let patience = Date().addingTimeInterval(30)
        while !(try gateway.get("/metrics").text.contains("sluice_requests_in_flight 2")), Date() < patience {
            usleep(1000)
        }
        try gateway.write(Self.yaml(version: 2))
        _ = try gateway.hangUp(serves: 2)
        #expect(try gateway.post("/v1/infer/m", Self.body).json["version"] as? String == "2")
        let answer = try connection.response()
        #expect(Self.judge(answer) == nil)
        #expect(answer.json["version"] as? String == "1")
        _ = try gateway.waitForLog("model freed")
    }

    /// Connections and streams may idle for days: they must not keep the models of long gone revisions.
    @Test func idleStreamsHoldNoModel() throws {
        let gateway = try GatewayFixture(Self.yaml(version: 1))
        let stream = try HTTP2Peer(port: gateway.port)
        stream.sendHeaders(HTTP2Peer.grpc("/inference.GRPCInferenceService/ModelStreamInfer"), on: 1)
        let watch = try HTTP2Peer(port: gateway.port)
        watch.sendHeaders(HTTP2Peer.grpc("/grpc.health.v1.Health/Watch"), on: 1)
        watch.send(HTTP2Peer.Kind.data, HTTP2Peer.endStream, 1, HTTP2Peer.message([]))
        let reflection = try HTTP2Peer(port: gateway.port)
        reflection.sendHeaders(
            HTTP2Peer.grpc("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"), on: 1)
        let kept = try RawConnection(port: gateway.port)
        let request = Array(
            ("POST /v1/infer/m HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                + "Content-Length: \(Self.body.utf8.count)\r\n\r\n\(Self.body)").utf8)
        func version() throws -> String? {
            let message = Inference_ModelInferRequest.with {
                $0.modelName = "m"
                $0.inputs = [
                    .with {
                        $0.name = "INPUT0"
                        $0.datatype = "FP32"
                        $0.shape = [1, 2]
                    }
                ]
                $0.rawInputContents = [Data(count: 8)]
            }
            stream.send(HTTP2Peer.Kind.data, 0, 1, HTTP2Peer.message(try message.wire))
            let frame = try #require(try stream.next { $0.type == HTTP2Peer.Kind.data })
            let answer = try Inference_ModelStreamInferResponse(serializedBytes: Array(frame.payload.dropFirst(5)))
            return answer.inferResponse.modelVersion
        }
        for number in 1...3 {
            #expect(try version() == "\(number)")
            kept.send(request)
            #expect(Self.judge(try kept.response()) == nil)
            try gateway.write(Self.yaml(version: number + 1))
            _ = try gateway.hangUp(serves: number + 1)
            // All of them idle, and the old model goes.
            _ = try gateway.waitForLog("model freed", count: number)
        }
        #expect(try version() == "4")
    }

    /// A model whose process is down for the moment is loaded: a reload leaves it alone.
    @Test func modelThatIsComingBackIsNotLoadedAnew() throws {
        func yaml(_ more: String) -> String {
            """
            version: 1
            listeners: { public: { address: LISTENER } }
            plugins: { faulty: { name: stub_faulty, isolation: process } }
            models:
              m: { plugin: faulty, config: { no_retry: true } }
            auth: none
            \(more)
            """
        }
        let gateway = try GatewayFixture(yaml(""))
        let crash = #"{"inputs": {"INPUT0": [[1, 2, 3]]}, "parameters": {"behaviour": "abort"}}"#
        // The breaker opens, and the waits between starts get long.
        while try gateway.get("/v2/models/m/ready").status == 200 || gateway.logLines("runner ended").count < 6 {
            _ = try gateway.post("/v1/infer/m", crash)
        }
        try gateway.write(yaml("drain: 3s"))
        let serves = try gateway.hangUp(serves: 2)
        #expect(serves["loaded"] as? [String] == [])
        #expect(serves["retired"] as? [String] == [])
        #expect(try eventually { try gateway.post("/v1/infer/m", Self.body).status == 200 })
    }

    @Test func newBuildOfAPluginIsPickedUp() throws {
        let stub = URL(fileURLWithPath: GatewayFixture.pluginFolder).appendingPathComponent("libsluice_stub_faulty.so")
        let next = URL(fileURLWithPath: GatewayFixture.pluginFolder)
            .appendingPathComponent("next/libsluice_stub_faulty.so")
        let plugins = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-so-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: plugins, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: plugins) }
        let file = plugins.appendingPathComponent("stub.so")
        try FileManager.default.copyItem(at: stub, to: file)
        let gateway = try GatewayFixture(
            """
            version: 1
            listeners: { public: { address: LISTENER } }
            plugins: { mine: { path: "\(file.path)" } }
            models: { m: { plugin: mine } }
            auth: none
            """)
        let load = Load(port: gateway.port, connections: 2, path: "/v1/infer/m", body: Self.body, judge: Self.judge)
        func build() throws -> String? {
            (try gateway.post("/v1/infer/m", Self.body).json["parameters"] as? [String: Any])?["build"] as? String
        }
        #expect(try build() == "1")
        let new = plugins.appendingPathComponent("new.so")
        try FileManager.default.copyItem(at: next, to: new)
        #expect(rename(new.path, file.path) == 0)
        let serves = try gateway.hangUp(serves: 2)
        #expect(
            serves["changes"] as? [String] == ["~ models.m: its plugin's or its model's file is another one"])
        #expect(try build() == "2")
        load.waitForAnswers(4)
        let outcome = load.stop()
        #expect(outcome.failureCount == 0, "\(outcome.failures)")
    }
}
