internal import Codecs
internal import Configuration
internal import Dispatch
internal import Foundation
internal import NIOConcurrencyHelpers
internal import PluginHost
internal import Tensors

/// The requests that a model must answer before it takes others.
struct SelfTest {
    private let model: ModelConfiguration
    private let signature: ModelSignature
    private let codecs = CodecRegistry()

    /// How long one request may take where the model has no timeout of its own.
    private static let patience: UInt64 = 30_000_000_000

    /// - Parameter signature: what the model declares, with the column names that the configuration adds.
    init(_ model: ModelConfiguration, signature: ModelSignature) {
        self.model = model
        self.signature = signature
    }

    /// Runs them all, one after the other; blocks until they are done.
    ///
    /// - Throws: `self_test_failed` for the first that doesn't end as it should.
    func run(on instances: [any ModelInstance]) throws(PluginLoadError) {
        for instance in instances {
            try run(on: instance)
        }
    }

    private func run(on instance: any ModelInstance) throws(PluginLoadError) {
        for (index, test) in model.selfTests.enumerated() {
            do {
                let outputs = try answer(to: test, number: index + 1, on: instance)
                if let expected = test.expected { try compare(outputs, with: expected, tolerance: test.tolerance) }
            } catch {
                throw PluginLoadError(
                    .selfTestFailed, "model \"\(model.name)\" failed self_test \(index + 1): \(error.message)")
            }
        }
    }

    private func answer(
        to test: ModelConfiguration.SelfTest, number: Int, on instance: any ModelInstance
    ) throws(SluiceError) -> [Tensor] {
        let text = "{\"inputs\":\(test.inputs.json)}"
        let facts = CodecRegistry.RequestFacts(
            contentType: "application/json", input: nil, shape: nil, datatype: nil)
        let storage = unsafe Array(text.utf8).withUnsafeBytes { unsafe TensorStorage.copy(of: $0) }
        let decoded = try codecs.decode(RequestBody(storage), facts: facts, signature: signature)
        let limit = model.timeout.map(\.wholeNanoseconds) ?? Self.patience
        let envelope = Envelope(
            id: "self-test-\(model.name)-\(number)", deadline: MonotonicTime.now.advanced(byNanoseconds: limit),
            parameters: decoded.parameters, inputs: decoded.inputs)
        let last = NIOLockedValueBox<InferencePart?>(nil)
        let isOver = DispatchSemaphore(value: 0)
        let call = InferenceCall(envelope: envelope) { part in
            if part.isFinal {
                last.withLockedValue { $0 = part }
                isOver.signal()
            }
            return true
        }
        // On a thread that may be lost: a plugin that hangs holds up its own loading, and nothing else.
        Thread { instance.infer(call) }.start()
        if isOver.wait(timeout: .now() + .nanoseconds(Int(clamping: limit))) == .timedOut {
            call.abandon(SluiceError(.deadlineExceeded, "it did not answer in time"))
            isOver.wait()
        }
        guard let part = last.withLockedValue({ $0 }) else { throw SluiceError(.modelFailed, "it did not answer") }
        if let error = part.error { throw error }
        return part.outputs
    }

    // MARK: Comparison

    private func compare(
        _ outputs: [Tensor], with expected: ConfigurationValue, tolerance: Double
    ) throws(SluiceError) {
        guard case .mapping(let entries) = expected else { return }
        let got = try values(of: outputs)
        for (name, value) in entries {
            guard let output = got[name] else {
                throw SluiceError(.modelFailed, "it has no output \"\(name)\"")
            }
            guard let wanted = Self.parsed(value.json), Self.agree(output, wanted, tolerance: tolerance) else {
                throw SluiceError(.modelFailed, "output \"\(name)\" is not what was expected")
            }
        }
    }

    /// The outputs as JSON has them, so that they compare with what the file writes.
    private func values(of outputs: [Tensor]) throws(SluiceError) -> [String: Any] {
        var facts = CodecRegistry.AnswerFacts(model: model.name, version: model.version, id: "self-test")
        facts.outputs = signature.outputs
        let body = try codecs.encode(outputs, as: .json, facts: facts)
        var bytes: [UInt8] = []
        for segment in body.segments {
            switch segment {
            case .bytes(let piece): bytes += piece
            case .tensor(let tensor): unsafe tensor.withBytes { unsafe bytes.append(contentsOf: $0) }
            }
        }
        let document = Self.parsed(String(decoding: bytes, as: UTF8.self)) as? [String: Any]
        return document?["outputs"] as? [String: Any] ?? [:]
    }

    private static func parsed(_ json: String) -> Any? {
        try? JSONSerialization.jsonObject(with: Data(json.utf8), options: .fragmentsAllowed)
    }

    private static func agree(_ got: Any, _ wanted: Any, tolerance: Double) -> Bool {
        switch (got, wanted) {
        case (let got as [Any], let wanted as [Any]):
            got.count == wanted.count && zip(got, wanted).allSatisfy { agree($0, $1, tolerance: tolerance) }
        case (let got as String, let wanted as String): got == wanted
        case (let got as NSNumber, let wanted as NSNumber):
            abs(got.doubleValue - wanted.doubleValue) <= tolerance * max(1, abs(wanted.doubleValue))
        default: false
        }
    }
}
