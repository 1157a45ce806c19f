import Dispatch
import Foundation
import PluginHost
import NIOConcurrencyHelpers
import Tensors
import Testing

/// Where `make plugins` puts plugins; a sanitizer's run has its own.
let pluginFolder =
    ProcessInfo.processInfo.environment["SLUICE_TEST_PLUGINS"]
    ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
    .appendingPathComponent("build/plugins").path

/// What the host told the gateway.
final class Recorder: Sendable {
    let violations = NIOLockedValueBox<[String]>([])
    let logs = NIOLockedValueBox<[String]>([])
    let failures = NIOLockedValueBox<[RunnerFailure]>([])
    /// Sums of what was observed, by metric.
    let observed = NIOLockedValueBox<[UInt32: Double]>([:])

    var services: PluginServices {
        PluginServices(
            logLevel: .info,
            log: { _, model, message in self.logs.withLockedValue { $0.append("\(model): \(message)") } },
            metric: { _, _, _, _ in 1 },
            observe: { metric, value in self.observed.withLockedValue { $0[metric, default: 0] += value } },
            violation: { _, request, reason in self.violations.withLockedValue { $0.append("\(request): \(reason)") } },
            failure: { failure in self.failures.withLockedValue { $0.append(failure) } })
    }
}

/// Where a test's model runs: whatever is true of the one must be true of the other.
enum Hosting: String, CaseIterable, CustomTestStringConvertible {
    case inProcess
    case isolated

    var testDescription: String { rawValue }

    /// The runner under test: beside the test bundle, as SwiftPM builds it.
    static let runner: String = {
        var folder = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent()
        for _ in 0..<6 {
            let candidate = folder.appendingPathComponent("sluice-runner").path
            if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
            folder = folder.deletingLastPathComponent()
        }
        return URL(fileURLWithPath: pluginFolder).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent(".build/debug/sluice-runner").path
    }()

    /// What a runner needs of the environment; sanitizers' settings are for it too.
    static let environment: [String] =
        ["SWIFT_BACKTRACE=enable=no"]
        + ["TSAN_OPTIONS", "ASAN_OPTIONS"].compactMap { name in
            ProcessInfo.processInfo.environment[name].map { "\(name)=\($0)" }
        }
}

/// A loaded stub-faulty model with a recorder of what it does.
struct StubModel {
    let instance: any ModelInstance
    let recorder: Recorder

    init(
        _ options: [String: String] = [:], in hosting: Hosting = .inProcess, sandbox: SandboxPlan = SandboxPlan(),
        grace: Duration = .seconds(1), name: String = "stub", groups: RunnerGroups? = nil
    ) throws {
        recorder = Recorder()
        let path = "\(pluginFolder)/libsluice_stub_faulty.so"
        let arguments = InProcessModel.Arguments(
            model: "stub", version: "1", folder: pluginFolder, configJSON: "{}",
            options: options.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        switch hosting {
        case .inProcess:
            let library = try PluginLibrary.open(path: path, services: recorder.services)
            instance = try InProcessModel(library, arguments: arguments, services: recorder.services)
        case .isolated:
            instance = try IsolatedModel(
                IsolatedModel.Settings(
                    program: Hosting.runner, pluginPath: path, arguments: arguments, sandbox: sandbox,
                    environment: Hosting.environment, grace: UInt64(grace / .nanoseconds(1)),
                    inputs: try IsolatedInputs(model: name), groups: groups),
                services: recorder.services)
        }
    }

    /// A model that takes requests; one that is isolated does so once it is warm.
    static func warm(
        _ options: [String: String] = [:], in hosting: Hosting, sandbox: SandboxPlan = SandboxPlan(),
        grace: Duration = .seconds(1), name: String = "stub", groups: RunnerGroups? = nil
    ) throws -> StubModel {
        let stub = try StubModel(options, in: hosting, sandbox: sandbox, grace: grace, name: name, groups: groups)
        try stub.instance.warmUp()
        return stub
    }
}

/// Waits until something that nothing signals has come about.
func eventually(_ isTrue: () -> Bool) -> Bool {
    let deadline = Date().addingTimeInterval(20)
    while !isTrue() {
        if Date() > deadline { return false }
        usleep(500)
    }
    return true
}

/// Collects the parts of one call and lets a test wait for the final one.
final class PartCollector: Sendable {
    let parts = NIOLockedValueBox<[InferencePart]>([])
    private let final = DispatchSemaphore(value: 0)
    private let wants: @Sendable (InferencePart) -> Bool

    init(wants: @escaping @Sendable (InferencePart) -> Bool = { _ in true }) {
        self.wants = wants
    }

    func call(
        _ behaviour: String? = nil, id: String = "r1", more: [String: String] = [:], deadline: Duration? = nil,
        isGathered: Bool = false, input: Tensor? = nil
    ) throws -> InferenceCall {
        var parameters = more.map { Envelope.Parameter($0.key, .string($0.value)) }
        if let behaviour { parameters.append(.init("behaviour", .string(behaviour))) }
        let input =
            try input ?? Tensor(name: "INPUT0", dataType: .fp32, shape: [1, 4], copying: [1, 2, 3, 4] as [Float])
        let latest = deadline.map { MonotonicTime.now.advanced(byNanoseconds: UInt64($0 / .nanoseconds(1))) }
        let envelope = Envelope(id: id, deadline: latest, parameters: parameters, inputs: [input])
        return InferenceCall(envelope: envelope, isGathered: isGathered) { part in
            self.parts.withLockedValue { $0.append(part) }
            if part.isFinal { self.final.signal() }
            return self.wants(part)
        }
    }

    /// Waits for the final part; a hang is a failure after half a minute.
    func waitForFinal() throws -> InferencePart {
        try #require(final.wait(timeout: .now() + 30) == .success, "no final part came")
        return try #require(parts.withLockedValue { $0.last { $0.isFinal } })
    }

    var finalCount: Int { parts.withLockedValue { $0.count { $0.isFinal } } }
}
