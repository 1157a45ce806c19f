import Foundation

/// The program under test, and the files that it is tested with.
enum SluiceProgram {
    /// The package's folder.
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// Where `make plugins` puts plugins; a sanitizer's run has its own.
    static let plugins =
        ProcessInfo.processInfo.environment["SLUICE_TEST_PLUGINS"] ?? root.appendingPathComponent("build/plugins").path

    /// Whether plugins and program are built with a sanitizer, which reports crashes and counts memory in its own way.
    static let isSanitized = ProcessInfo.processInfo.environment["SLUICE_TEST_PLUGINS"] != nil

    /// Beside the test bundle, as SwiftPM builds it.
    static var url: URL {
        var folder = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent()
        for _ in 0..<6 {
            let candidate = folder.appendingPathComponent("sluice")
            var isDirectory: ObjCBool = false
            if FileManager.default.fileExists(atPath: candidate.path, isDirectory: &isDirectory), !isDirectory.boolValue
            {
                return candidate
            }
            folder = folder.deletingLastPathComponent()
        }
        return root.appendingPathComponent(".build/debug/sluice")
    }

    /// A plugin's file: SwiftPM builds those in Swift beside the program.
    static func path(ofPlugin name: String) -> String {
        let beside = url.deletingLastPathComponent().appendingPathComponent(name).path
        return FileManager.default.fileExists(atPath: beside) ? beside : "\(plugins)/\(name)"
    }

    struct Outcome {
        var status: Int32
        var output: String
        var errors: String
    }

    /// Runs `sluice` to its end.
    static func run(_ arguments: [String], in folder: URL = root) throws -> Outcome {
        let process = Process()
        process.executableURL = url
        process.arguments = arguments
        process.currentDirectoryURL = folder
        var variables = ProcessInfo.processInfo.environment
        variables["SLUICE_PLUGIN_PATH"] = plugins
        process.environment = variables
        let files = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-kit-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: files, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: files) }
        let output = files.appendingPathComponent("output")
        let errors = files.appendingPathComponent("errors")
        for file in [output, errors] { try Data().write(to: file) }
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)
        process.standardInput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return Outcome(
            status: process.terminationStatus, output: String(decoding: try Data(contentsOf: output), as: UTF8.self),
            errors: String(decoding: try Data(contentsOf: errors), as: UTF8.self))
    }
}

/// The report of `sluice plugin check --format json`.
struct Report: Decodable {
    struct Result: Decodable {
        var rule: String
        var outcome: String
        var expected: String
        var found: String
    }

    var id: String
    var version: String
    var conforming: Bool
    var results: [Result]

    /// Checks a plugin by its path below the plugin folder.
    static func check(_ plugin: String, _ options: [String] = []) throws -> (Report, status: Int32) {
        let outcome = try SluiceProgram.run(
            ["plugin", "check", SluiceProgram.path(ofPlugin: plugin), "--format", "json"] + options)
        guard let report = try? JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8)) else {
            throw Failure(description: "no report (\(outcome.status)): \(outcome.output)\(outcome.errors)")
        }
        return (report, outcome.status)
    }

    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    func rules(_ outcome: String) -> Set<String> { Set(results.filter { $0.outcome == outcome }.map(\.rule)) }

    func found(_ rule: String) -> String { results.first { $0.rule == rule }?.found ?? "" }
}
