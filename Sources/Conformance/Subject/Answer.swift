internal import Tensors

/// What became of one request.
struct Answer {
    /// The request, with its record.
    var request: ExamRequest
    /// What it failed with, by response or by the function's status; `nil` for an answer, or for none.
    var failure: ExamRequest.Failure?
    /// What was wrong with the way in which it failed.
    var failureFault: String?
    /// The function refused the list, so nothing may be answered.
    var wasRefused: Bool
    /// FINAL was there before the function returned.
    var wasImmediate: Bool
    /// How long it took until FINAL; nanoseconds.
    var nanoseconds: UInt64

    var isAnswered: Bool { wasRefused || request.finals > 0 }
    var isSuccess: Bool { isAnswered && failure == nil }

    /// The outputs of all parts; in a stream the last part of a name counts.
    var outputs: [Tensor] {
        var outputs: [Tensor] = []
        for output in request.parts.flatMap(\.outputs) {
            if let index = outputs.firstIndex(where: { $0.name == output.name }) {
                outputs[index] = output
            } else {
                outputs.append(output)
            }
        }
        return outputs
    }

    /// Faults that the host filed under a rule.
    func faults(_ rule: String) -> [String] {
        request.faults.filter { $0.rule == rule }.map(\.text)
    }

    /// E.g. `refused (3): input "x" is missing`.
    var text: String {
        if let failure { return "refused with status \(failure.code): \(failure.text)" }
        guard isAnswered else { return "no answer" }
        return "answered " + outputs.map { "\($0.name) \($0.dataType)\(Shape.text($0.shape))" }.joined(separator: ", ")
    }

    /// Whether both hold the same bytes under the same names.
    static func areEqual(_ left: [Tensor], _ right: [Tensor]) -> Bool {
        guard left.count == right.count else { return false }
        return left.allSatisfy { output in
            right.contains { $0.name == output.name && InputTensor($0) == InputTensor(output) }
        }
    }
}
