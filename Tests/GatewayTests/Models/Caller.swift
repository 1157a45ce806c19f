@testable import Gateway
import Dispatch
import NIOConcurrencyHelpers
import PluginHost
import Tensors
import Testing

/// Whoever makes calls in a test, and what comes of them, in the order in which it came.
final class Caller: Sendable {
    private let answers = NIOLockedValueBox<[(id: String, part: InferencePart)]>([])
    private let came = DispatchSemaphore(value: 0)

    /// A call with some rows of two numbers each.
    func call(
        _ id: String, rows: [Float], wanted: [String] = [], parameters: [Envelope.Parameter] = [],
        deadline: MonotonicTime? = nil, sequence: Envelope.Sequence? = nil
    ) throws -> InferenceCall {
        let input = try Tensor(
            name: "x", dataType: .fp32, shape: [rows.count, 2], copying: rows.flatMap { [$0, $0 + 0.5] })
        return make(
            Envelope(
                id: id, deadline: deadline, parameters: parameters, inputs: [input], wantedOutputs: wanted,
                sequence: sequence))
    }

    func make(_ envelope: Envelope) -> InferenceCall {
        InferenceCall(envelope: envelope) { [self] part in
            answers.withLockedValue { $0.append((envelope.id, part)) }
            came.signal()
            return true
        }
    }

    /// Waits for so many more answers; a hang is a failure after half a minute.
    func wait(for count: Int = 1) throws {
        for _ in 0..<count { try #require(came.wait(timeout: .now() + 30) == .success, "no answer came") }
    }

    /// Ids in the order of their answers.
    var order: [String] { answers.withLockedValue { $0.map(\.id) } }

    func part(_ id: String) throws -> InferencePart {
        let parts = answers.withLockedValue { $0.filter { $0.id == id } }
        try #require(parts.count == 1, "\(parts.count) answers to \(id)")
        return parts[0].part
    }

    /// The first number of each row of an answer.
    func rows(_ id: String) throws -> [Float] {
        let part = try part(id)
        if let error = part.error { throw error }
        let output = try #require(part.outputs.first)
        let values = output.elements(as: Float.self)
        return stride(from: 0, to: values.count, by: 2).map { values[$0] }
    }
}

/// Holds a model back until the test says so.
final class Gatepost: Sendable {
    private let gate = DispatchSemaphore(value: 0)
    private let reached = DispatchSemaphore(value: 0)

    /// On the model's thread.
    func pass() {
        reached.signal()
        gate.wait()
    }

    /// Waits until the model stands before it.
    func waitUntilReached() throws { try #require(reached.wait(timeout: .now() + 30) == .success) }
    func open(times: Int = 1) { for _ in 0..<times { gate.signal() } }
}
