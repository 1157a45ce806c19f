import Crypto
import Foundation
import PluginHost
import Testing

@Suite struct PluginLibraryTests {
    private func open(_ path: String, sha256: String? = nil) -> PluginLoadError? {
        do {
            _ = try PluginLibrary.open(path: path, sha256: sha256, services: Recorder().services)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [
        ("no_symbol", PluginLoadError.Kind.noEntry, "doesn't export sluice_plugin_v1"),
        ("not_elf", .notLoadable, "can't load"),
        ("unresolved_symbol", .notLoadable, "undefined symbol"),
        ("refuses", .refused, "refuses to run here: "),
        ("refuses_silently", .refused, "refuses to run here"),
        ("tiny_struct", .tooSmall, "at least 80 are needed"),
        ("small_struct", .tooSmall, "at least 80 are needed"),
        ("wrong_tensor_size", .wrongTensorSize, "but the ABI's has 96"),
        ("missing_load", .missingFunction, "lacks the required function load"),
        ("missing_unload", .missingFunction, "lacks the required function unload"),
        ("missing_describe", .missingFunction, "lacks the required function describe"),
        ("missing_infer", .missingFunction, "has none of infer, decode and encode"),
        ("missing_id", .missingText, "doesn't say its id"),
    ])
    func brokenPluginIsRefusedWithItsOwnMessage(name: String, kind: PluginLoadError.Kind, text: String) throws {
        let path = "\(pluginFolder)/broken/\(name).so"
        let error = try #require(open(path))
        #expect(error.kind == kind)
        #expect(error.message.contains(text), "\(error.message)")
        #expect(error.message.contains(path))
    }

    @Test(arguments: ["future_minor", "longer_struct"])
    func newerPluginIsAccepted(name: String) {
        #expect(open("\(pluginFolder)/broken/\(name).so") == nil)
    }

    @Test func missingFileSaysSo() throws {
        let error = try #require(open("/nowhere/libsluice_x.so"))
        #expect(error.kind == .notFound)
        #expect(error.message == "can't open /nowhere/libsluice_x.so: No such file or directory")
    }

    @Test func pinOfTheVeryFileIsRequired() throws {
        let path = "\(pluginFolder)/libsluice_echo.so"
        let digest = SHA256.hash(data: try Data(contentsOf: URL(fileURLWithPath: path)))
        let hex = digest.map { String(format: "%02x", $0) }.joined()
        #expect(open(path, sha256: hex) == nil)
        let wrong = String(repeating: "0", count: 64)
        let error = try #require(open(path, sha256: wrong))
        #expect(error.kind == .pinMismatch)
        #expect(error.message.contains(hex) && error.message.contains(wrong))
    }

    @Test func finderKnowsPluginsByName() {
        let finder = PluginFinder(folders: ["/nowhere", pluginFolder])
        #expect(finder.installedPlugins().isSuperset(of: ["echo", "stub_faulty"]))
        #expect(finder.path(ofPluginNamed: "echo") == "\(pluginFolder)/libsluice_echo.so")
        #expect(finder.path(ofPluginNamed: "nothing") == nil)
        #expect(finder.path(ofPluginNamed: "../plugins/libsluice_echo") == nil)
    }
}
