import Foundation
import PluginHost
import Tensors
import Testing

/// Files that are exchanged while their plugin is in use.
@Suite struct PluginLibrariesTests {
    private let folder: URL
    private let file: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-plugins-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        file = folder.appendingPathComponent("libsluice_stub_faulty.so")
    }

    /// Puts a build in place, as a new file that takes the name of the old one.
    private func install(_ build: String) throws {
        let new = folder.appendingPathComponent("new.so")
        try Data(contentsOf: URL(fileURLWithPath: "\(pluginFolder)/\(build)")).write(to: new)
        try #require(rename(new.path, file.path) == 0)
    }

    /// What a model of the library says of its build.
    private func build(of library: PluginLibrary) throws -> String? {
        let services = Recorder().services
        let model = try InProcessModel(
            library,
            arguments: InProcessModel.Arguments(
                model: "stub", version: "1", folder: folder.path, configJSON: "{}", options: []),
            services: services)
        let collector = PartCollector()
        model.infer(try collector.call())
        let part = try collector.waitForFinal()
        let parameter = part.parameters.first { $0.key == "build" }
        guard case .string(let text)? = parameter?.value else { return nil }
        return text
    }

    @Test func sameFileIsOneLibraryHoweverOftenItIsOpened() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try install("libsluice_stub_faulty.so")
        let libraries = PluginLibraries(services: Recorder().services)
        let first = try libraries.open(path: file.path, sha256: nil)
        let second = try libraries.open(path: file.path, sha256: first.library.sha256)
        #expect(first.isNew && !second.isNew)
        #expect(first.library === second.library)
    }

    @Test func sameBytesInANewFileAreTheSameLibrary() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try install("libsluice_stub_faulty.so")
        let libraries = PluginLibraries(services: Recorder().services)
        let first = try libraries.open(path: file.path, sha256: nil)
        try install("libsluice_stub_faulty.so")
        #expect(try libraries.open(path: file.path, sha256: nil).library === first.library)
    }

    @Test func newBuildIsOpenedBesideTheOldOneWhichGoesOn() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let libraries = PluginLibraries(services: Recorder().services)
        try install("libsluice_stub_faulty.so")
        let old = try libraries.open(path: file.path, sha256: nil)
        try install("next/libsluice_stub_faulty.so")
        let new = try libraries.open(path: file.path, sha256: nil)
        #expect(new.isNew)
        #expect(new.library.sha256 != old.library.sha256)
        #expect(try build(of: new.library) == "2")
        #expect(try build(of: old.library) == "1")
        try install("libsluice_stub_faulty.so")
        let back = try libraries.open(path: file.path, sha256: nil)
        #expect(back.library === old.library, "these bytes are loaded already")
    }

    @Test func fileThatWasWrittenOverIsRefusedWithAdvice() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let libraries = PluginLibraries(services: Recorder().services)
        try install("libsluice_stub_faulty.so")
        _ = try libraries.open(path: file.path, sha256: nil)
        // The same inode with other bytes, as `cp` leaves it; behind its end, so that what is mapped stays whole.
        let handle = try FileHandle(forWritingTo: file)
        try handle.seekToEnd()
        try handle.write(contentsOf: Data("more".utf8))
        try handle.close()
        let error = try #require(throws: PluginLoadError.self) { try libraries.open(path: file.path, sha256: nil) }
        #expect(error.kind == .overwritten)
        #expect(error.message.contains("by renaming (mv, install)"))
    }

    @Test func newBuildMustMatchThePin() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let libraries = PluginLibraries(services: Recorder().services)
        try install("libsluice_stub_faulty.so")
        let old = try libraries.open(path: file.path, sha256: nil)
        try install("next/libsluice_stub_faulty.so")
        #expect(throws: PluginLoadError.self) {
            try libraries.open(path: file.path, sha256: old.library.sha256)
        }
    }
}
