package import Tensors

/// How a shadow compares with the models that answer: a plain value that is told of each comparison.
package struct ShadowTally: Sendable {
    /// One output.
    package struct Output: Sendable, Equatable {
        package var name: String
        /// Rows whose answers were held against each other, where a row has one answer that is the top one.
        package var rows = 0
        package var agreeing = 0
        /// The largest difference so far; `nil` where there were no numbers.
        package var maxError: Double?
        /// Requests in which the output was missing, or of another type or shape.
        package var different = 0

        /// The part of the rows on which both agree; `nil` where there were none.
        package var agreement: Double? { rows > 0 ? Double(agreeing) / Double(rows) : nil }
    }

    /// More outputs are not told apart.
    private static let mostOutputs = 64

    package private(set) var compared = 0
    package private(set) var outputs: [Output] = []
    /// By the code of the failure.
    package private(set) var failures: [String: Int] = [:]
    /// Requests left out because so many, or so much, were under way.
    package private(set) var busy = 0
    package private(set) var full = 0
    package private(set) var answerNanoseconds: UInt64 = 0
    package private(set) var shadowNanoseconds: UInt64 = 0

    package init() {}

    package var failed: Int { failures.values.reduce(0, +) }
    /// The average of the answers that callers got, and of the shadow's, over the compared requests.
    package var meanAnswerNanoseconds: UInt64? { compared > 0 ? answerNanoseconds / UInt64(compared) : nil }
    package var meanShadowNanoseconds: UInt64? { compared > 0 ? shadowNanoseconds / UInt64(compared) : nil }

    package mutating func leftOut(isFull: Bool) {
        if isFull { full += 1 } else { busy += 1 }
    }

    package mutating func failed(code: String) { failures[code, default: 0] += 1 }

    /// Both have answered a request.
    ///
    /// - Parameter differences: by output; `nil` where they can't be held against each other.
    package mutating func compared(
        _ differences: [(output: String, difference: TensorDifference?)], answerNanoseconds: UInt64,
        shadowNanoseconds: UInt64
    ) {
        compared += 1
        self.answerNanoseconds &+= answerNanoseconds
        self.shadowNanoseconds &+= shadowNanoseconds
        for (name, difference) in differences {
            guard let index = place(of: name) else { continue }
            guard let difference else {
                outputs[index].different += 1
                continue
            }
            outputs[index].rows += difference.rows
            outputs[index].agreeing += difference.agreeing
            if let error = difference.maxError { outputs[index].maxError = max(outputs[index].maxError ?? 0, error) }
        }
    }

    private mutating func place(of name: String) -> Int? {
        if let index = outputs.firstIndex(where: { $0.name == name }) { return index }
        guard outputs.count < Self.mostOutputs else { return nil }
        outputs.append(Output(name: name))
        return outputs.count - 1
    }
}
