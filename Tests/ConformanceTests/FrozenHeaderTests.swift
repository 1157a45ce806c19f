import Foundation
import PluginHost
import Tensors
import Testing

/// Plugins in the field were compiled against released headers: today's must fit those for ever.
struct FrozenHeaderTests {
    static let versions = ["v1.0"]

    private static let folder = SluiceProgram.root.appendingPathComponent("Tests/ConformanceTests/abi")
    private static let today = SluiceProgram.root.appendingPathComponent("Sources/CSluicePlugin/include")

    /// What `probe.c` says of a header: name of a thing and its numbers.
    private func layout(ofHeaderIn include: URL) throws -> [String: [String]] {
        let program = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-probe-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: program) }
        let source = Self.folder.appendingPathComponent("probe.c").path
        _ = try run(
            "/usr/bin/env", ["cc", "-Wall", "-Wextra", "-Werror", "-I\(include.path)", source, "-o", program.path])
        var layout: [String: [String]] = [:]
        for line in try run(program.path, []).split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            layout["\(words[0]) \(words[1])"] = Array(words[2...])
        }
        return layout
    }

    private func run(_ program: String, _ arguments: [String]) throws -> String {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let text = String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(arguments): \(text)")
        return text
    }

    /// The header without comments and spaces.
    private func code(_ header: URL) throws -> String {
        try String(contentsOf: header, encoding: .utf8).replacing(/\/\*(?s:.*?)\*\//, with: " ")
            .split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    @Test(arguments: versions) func todaysHeaderHasTheLayoutOfTheReleasedOne(version: String) throws {
        let released = try layout(ofHeaderIn: Self.folder.appendingPathComponent(version))
        let now = try layout(ofHeaderIn: Self.today)
        #expect(released.count > 150)
        for (thing, numbers) in released {
            let todays = try #require(now[thing], "\(thing) is gone")
            if thing.hasPrefix("grows ") {
                #expect(try #require(Int(todays[0])) >= #require(Int(numbers[0])), "\(thing) has shrunk")
            } else {
                #expect(todays == numbers, "\(thing) has changed")
            }
        }
    }

    /// Until a minor version adds something, the newest released header is today's, but for comments.
    @Test func theNewestReleasedHeaderIsTodays() throws {
        let newest = try #require(Self.versions.last)
        let released = try code(Self.folder.appendingPathComponent("\(newest)/sluice_plugin.h"))
        let now = try code(Self.today.appendingPathComponent("sluice_plugin.h"))
        let minor = newest.split(separator: ".")[1]
        #expect(now.contains("#define SLUICE_ABI_MINOR \(minor)u"), "freeze the header of the new minor version here")
        #expect(now == released, "the header has changed without a new minor version")
    }

    @Test(arguments: versions) func theProbeKnowsEveryField(version: String) throws {
        let header = try code(Self.folder.appendingPathComponent("\(version)/sluice_plugin.h"))
        let probe = try String(contentsOf: Self.folder.appendingPathComponent("probe.c"), encoding: .utf8)
        for constant in header.matches(of: /(SLUICE_[A-Z0-9_]+)\s=/) { #expect(probe.contains("IS(\(constant.1))")) }
        for match in header.matches(of: /struct (sluice_[a-z_]+) \{ (.*?) \}/) {
            for field in match.2.split(separator: ";") {
                // A function's name is in parentheses; of several variables the last one stands for all.
                let function = field.firstMatch(of: /\(\*([a-z_]+)\)/)?.1
                let variable = field.firstMatch(of: /([a-z_]+)(?:\[\d+\])?\s*$/)?.1
                let name = function ?? variable
                guard let name, !name.isEmpty else { continue }
                #expect(probe.contains("AT(\(match.1), \(name))"), "probe.c lacks \(match.1).\(name)")
            }
        }
    }

    @Test(.enabled(if: !SluiceProgram.isSanitized), arguments: versions)
    func theOldPluginKeepsTodaysContract(version: String) throws {
        let (report, status) = try Report.check("abi/\(version)/plugin.so", ["--fuzz", "300", "--strict"])
        #expect(status == 0, "\(report.results.filter { ["failed", "warned"].contains($0.outcome) })")
        let used: Set = [
            "warmup.works", "output.release", "output.new-output", "output.no-memory", "batch.list", "batch.list-fault",
            "learn.once", "state.round-trip", "state.faults", "host.newer", "host.log", "host.metrics", "host.memory",
            "modes.in-process",
        ]
        #expect(report.rules("passed").isSuperset(of: used), "\(used.subtracting(report.rules("passed")))")
    }

    @Test(.enabled(if: !SluiceProgram.isSanitized), arguments: versions)
    func theOldCodecKeepsTodaysContract(version: String) throws {
        let body = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-kit-\(UUID().uuidString).bin")
        try Data(repeating: 0, count: 64).write(to: body)
        defer { try? FileManager.default.removeItem(at: body) }
        let (report, status) = try Report.check("abi/\(version)/codec.so", ["--input", body.path, "--strict"])
        #expect(status == 0, "\(report.results.filter { ["failed", "warned"].contains($0.outcome) })")
        #expect(report.found("codec.decode") == "answered values FP32[16]")
        #expect(report.rules("passed").isSuperset(of: ["codec.encode", "entry.content-types", "manners.output"]))
    }

    @Test(arguments: versions) func theOldPluginAnswersInTodaysHost(version: String) throws {
        let violations = ViolationList()
        let library = try PluginLibrary.open(
            path: "\(SluiceProgram.plugins)/abi/\(version)/plugin.so", services: violations.services)
        #expect(library.id == "dev.sluice.abi-1-0")
        let model = try InProcessModel(
            library,
            arguments: InProcessModel.Arguments(
                model: "old", version: "1", folder: "/", configJSON: #"{"scale":3}"#, options: [("scale", "3")]),
            services: violations.services)
        try model.warmUp()
        #expect(model.description.platform == "abi_1_0")
        let input = try Tensor(name: "INPUT0", dataType: .fp32, shape: [1, 4], copying: [1, 2, 3, 4] as [Float])
        let answer = PartList()
        model.infer(
            InferenceCall(envelope: Envelope(id: "r1", inputs: [input])) { part in
                answer.append(part)
                return true
            })
        let outputs = try #require(answer.parts.first).outputs
        #expect(outputs.map(\.name) == ["OUTPUT0", "COPY", "COUNT"])
        #expect(outputs[0].elements(as: Float.self) == [3, 6, 9, 12])
        #expect(outputs[1].elements(as: Float.self) == [1, 2, 3, 4])
        #expect(outputs[2].elements(as: Int64.self) == [0])
        #expect(violations.reasons.isEmpty)
    }
}

/// What the host found wrong.
private final class ViolationList: @unchecked Sendable {
    private let lock = NSLock()
    private var list: [String] = []

    var reasons: [String] { lock.withLock { list } }

    var services: PluginServices {
        PluginServices(
            logLevel: .info, log: { _, _, _ in }, metric: { _, _, _, _ in 1 }, observe: { _, _ in },
            violation: { _, _, reason in self.lock.withLock { self.list.append(reason) } })
    }
}

/// The parts of one answer.
private final class PartList: @unchecked Sendable {
    private let lock = NSLock()
    private var list: [InferencePart] = []

    var parts: [InferencePart] { lock.withLock { list } }
    func append(_ part: InferencePart) { lock.withLock { list.append(part) } }
}
