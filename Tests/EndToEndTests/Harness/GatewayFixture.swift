import Foundation
import Testing

/// A real gateway process with a configuration of its own, on a free port, ended and cleaned up with the fixture.
///
/// Invariant behind `@unchecked Sendable`: only `init` and `deinit` change anything.
final class GatewayFixture: @unchecked Sendable {
    /// A gateway that didn't start, with what it said.
    struct StartFailure: Error, CustomStringConvertible {
        var description: String
    }

    let port: Int
    let folder: URL
    private let process: Process
    /// Ports by listener name.
    let ports: [String: Int]

    /// The package's folder.
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// The program under test: beside the test bundle, as SwiftPM builds it, unless `SLUICE_TEST_PROGRAM` names another,
    /// e.g. the optimised one where times are held to a bound.
    static var program: URL {
        if let given = ProcessInfo.processInfo.environment["SLUICE_TEST_PROGRAM"] { return URL(fileURLWithPath: given) }
        let bundle = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
        var folder = bundle.deletingLastPathComponent()
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

    /// Where `make` puts plugins; a sanitizer's run has its own.
    static var pluginFolder: String {
        ProcessInfo.processInfo.environment["SLUICE_TEST_PLUGINS"] ?? root.appendingPathComponent("build/plugins").path
    }

    /// Where `make` puts models.
    static var modelFolder: String { root.appendingPathComponent("build/models").path }

    /// Starts `sluice serve` with `yaml` and waits until it listens.
    ///
    /// `LISTENER` in the text becomes a free loopback address, `MODELS` the folder of exported models.
    init(_ yaml: String, environment: [String: String] = [:]) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let text = yaml.replacingOccurrences(of: "LISTENER", with: "\"127.0.0.1:0\"")
            .replacingOccurrences(of: "MODELS", with: Self.modelFolder)
        let file = folder.appendingPathComponent("gateway.yaml")
        try text.write(to: file, atomically: true, encoding: .utf8)
        let log = folder.appendingPathComponent("stderr")
        let access = folder.appendingPathComponent("stdout")
        for file in [log, access] { try Data().write(to: file) }

        process = Process()
        process.executableURL = Self.program
        process.arguments = ["serve", file.path, "--threads", "2"]
        var variables = ProcessInfo.processInfo.environment
        variables["SLUICE_PLUGIN_PATH"] = Self.pluginFolder + ":" + Self.program.deletingLastPathComponent().path
        variables["SWIFT_BACKTRACE"] = "enable=no"
        variables.merge(environment) { $1 }
        process.environment = variables
        process.standardError = try FileHandle(forWritingTo: log)
        process.standardOutput = try FileHandle(forWritingTo: access)
        process.standardInput = FileHandle.nullDevice
        try process.run()

        let listeners = text.components(separatedBy: "\"127.0.0.1:0\"").count - 1
        var found: [String: Int] = [:]
        let deadline = Date().addingTimeInterval(60)
        while found.count < listeners {
            guard process.isRunning, Date() < deadline else {
                process.terminate()
                throw StartFailure(description: (try? String(contentsOf: log, encoding: .utf8)) ?? "")
            }
            found = Self.listeningPorts(in: log)
            // Polling a file is the one way to learn an unrelated process's port; nothing else depends on the pause.
            if found.count < listeners { usleep(5000) }
        }
        ports = found
        port = found["public"] ?? found.values.first ?? 0
    }

    private static func listeningPorts(in log: URL) -> [String: Int] {
        guard let text = try? String(contentsOf: log, encoding: .utf8) else { return [:] }
        var ports: [String: Int] = [:]
        for line in text.split(separator: "\n") where line.contains("\"message\":\"listening\"") {
            guard let entry = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
                let name = entry["listener"] as? String, let address = entry["address"] as? String,
                let port = address.split(separator: ":").last.flatMap({ Int($0) })
            else { continue }
            ports[name] = port
        }
        return ports
    }

    deinit {
        if process.isRunning {
            process.terminate()
            process.waitUntilExit()
        }
        try? FileManager.default.removeItem(at: folder)
    }

    /// What the gateway logged so far.
    var log: String { (try? String(contentsOf: folder.appendingPathComponent("stderr"), encoding: .utf8)) ?? "" }
    /// The access log; complete once the gateway has ended.
    var accessLog: String { (try? String(contentsOf: folder.appendingPathComponent("stdout"), encoding: .utf8)) ?? "" }

    /// Asks the gateway to end.
    func terminate() { process.terminate() }

    /// Waits for the end; the exit status.
    func waitForExit() -> Int32 {
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// Whether the process is still there.
    var isRunning: Bool { process.isRunning }
    var processID: Int32 { process.processIdentifier }

    /// Descriptors that the process has open.
    var openDescriptors: Int {
        ((try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(processID)/fd")) ?? []).count
    }

    /// The value of one metric; 0 where there is no such series.
    func metric(_ series: String) throws -> Double {
        let text = try get("/metrics").text
        let line = text.split(separator: "\n").first { $0.hasPrefix(series + " ") }
        return line.flatMap { Double($0.dropFirst(series.count + 1)) } ?? 0
    }
}

/// Asks again and again, for 10 seconds at most, whether something that happens in another process has happened.
func eventually(_ condition: () throws -> Bool) rethrows -> Bool {
    let deadline = Date().addingTimeInterval(10)
    while Date() < deadline {
        if try condition() { return true }
        usleep(5000)
    }
    return try condition()
}
