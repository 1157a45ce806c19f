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

    var services: PluginServices {
        PluginServices(
            logLevel: .info,
            log: { _, model, message in self.logs.withLockedValue { $0.append("\(model): \(message)") } },
            metric: { _, _, _, _ in 1 }, observe: { _, _ in },
            violation: { _, request, reason in self.violations.withLockedValue { $0.append("\(request): \(reason)") } })
    }
}

/// A loaded stub-faulty model with a recorder of what it does.
struct StubModel {
    let instance: InProcessModel
    let recorder: Recorder

    init(_ options: [String: String] = [:]) throws {
        recorder = Recorder()
        let library = try PluginLibrary.open(
            path: "\(pluginFolder)/libsluice_stub_faulty.so", services: recorder.services)
        instance = try InProcessModel(
            library,
            arguments: InProcessModel.Arguments(
                model: "stub", version: "1", folder: pluginFolder, configJSON: "{}",
                options: options.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }),
            services: recorder.services)
    }
}

/// Collects the parts of one call and lets a test wait for the final one.
final class PartCollector: Sendable {
    let parts = NIOLockedValueBox<[InferencePart]>([])
    private let final = DispatchSemaphore(value: 0)
    private let wants: @Sendable (InferencePart) -> Bool

    init(wants: @escaping @Sendable (InferencePart) -> Bool = { _ in true }) {
        self.wants = wants
    }

    func call(_ behaviour: String? = nil, id: String = "r1", more: [String: String] = [:]) throws -> InferenceCall {
        var parameters = more.map { Envelope.Parameter($0.key, .string($0.value)) }
        if let behaviour { parameters.append(.init("behaviour", .string(behaviour))) }
        let input = try Tensor(name: "INPUT0", dataType: .fp32, shape: [1, 4], copying: [1, 2, 3, 4] as [Float])
        return InferenceCall(envelope: Envelope(id: id, parameters: parameters, inputs: [input])) { part in
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
