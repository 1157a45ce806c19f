import Foundation
import Testing

/// `reload: { watch: true }`.
@Suite(.serialized) struct WatchTests {
    private static let body = #"{"inputs": {"INPUT0": [[1, 2, 3]]}}"#

    private static func yaml(version: Int, reload: String = "{ watch: true, settle: 20ms }") -> String {
        """
        version: 1
        listeners: { public: { address: LISTENER } }
        models: { m: { plugin: stub_faulty, version: "\(version)" } }
        auth: none
        reload: \(reload)
        """
    }

    @Test func changedFileIsReadWithoutBeingAsked() throws {
        let gateway = try GatewayFixture(Self.yaml(version: 1))
        try gateway.write(Self.yaml(version: 2))
        let line = try gateway.waitForLog("revision serves", count: 2)
        #expect(line["cause"] as? String == "file watch")
        #expect(try gateway.post("/v1/infer/m", Self.body).json["version"] as? String == "2")

        try gateway.write("nonsense: [")
        #expect(try gateway.waitForLog("change refused")["cause"] as? String == "file watch")
        // Written over in place, as a shell does.
        let text = Self.yaml(version: 3).replacingOccurrences(of: "LISTENER", with: "\"127.0.0.1:0\"")
        try Data(text.utf8).write(to: gateway.file)
        _ = try gateway.waitForLog("revision serves", count: 3)
        #expect(try gateway.post("/v1/infer/m", Self.body).json["version"] as? String == "3")

        // A file that says so ends the watch that read it.
        try gateway.write(Self.yaml(version: 4, reload: "{ watch: false }"))
        _ = try gateway.waitForLog("revision serves", count: 4)
        try gateway.write(Self.yaml(version: 5))
        _ = try gateway.hangUp(serves: 5)
        #expect(gateway.logLines("revision serves").last?["cause"] as? String == "SIGHUP")
    }

    /// The way of a mounted ConfigMap: the file is a link through a link to a folder, which is exchanged.
    @Test func changedLinkIsReadToo() throws {
        let files = FileManager.default
        let gateway = try GatewayFixture(Self.yaml(version: 1, reload: "{ watch: false }"))
        for version in [2, 3] {
            let folder = gateway.folder.appendingPathComponent("..\(version)")
            try files.createDirectory(at: folder, withIntermediateDirectories: true)
            try Self.yaml(version: version).replacingOccurrences(of: "LISTENER", with: "\"127.0.0.1:0\"")
                .write(to: folder.appendingPathComponent("gateway.yaml"), atomically: false, encoding: .utf8)
        }
        let data = gateway.folder.appendingPathComponent("..data")
        try files.createSymbolicLink(atPath: data.path, withDestinationPath: "..2")
        try files.removeItem(at: gateway.file)
        try files.createSymbolicLink(atPath: gateway.file.path, withDestinationPath: "..data/gateway.yaml")
        _ = try gateway.hangUp(serves: 2)
        #expect(try gateway.post("/v1/infer/m", Self.body).json["version"] as? String == "2")
        let next = gateway.folder.appendingPathComponent("..next")
        try files.createSymbolicLink(atPath: next.path, withDestinationPath: "..3")
        #expect(rename(next.path, data.path) == 0)
        let line = try gateway.waitForLog("revision serves", count: 3)
        #expect(line["cause"] as? String == "file watch")
        #expect(try gateway.post("/v1/infer/m", Self.body).json["version"] as? String == "3")
    }
}
