package import Tensors

/// An answer as a shadow compares it, of one part or of many: a plain value that is told of the parts.
///
/// Two models say the same in other pieces, so of answers in parts only the whole counts: a text is one text then, and
/// numbers follow one another along their first axis.
package struct ShadowAnswer: Sendable {
    private var parts: [[Tensor]] = []

    package init() {}

    package init(_ outputs: [Tensor]) {
        add(outputs)
    }

    /// The next part; one without outputs only ends the answer.
    package mutating func add(_ outputs: [Tensor]) {
        if !outputs.isEmpty { parts.append(outputs) }
    }

    /// Bytes that it holds.
    package var heldBytes: Int { parts.reduce(0) { $0 + $1.reduce(0) { $0 + $1.heldBytes } } }

    /// How far another answer is from this one, by output; `nil` where they can't be held against each other.
    package func differences(from other: ShadowAnswer) -> [(output: String, difference: TensorDifference?)] {
        let isWhole = parts.count > 1 || other.parts.count > 1
        var seen: Set<String> = []
        return parts.joined().map(\.name).filter { seen.insert($0).inserted }.map { name in
            guard let one = output(name, isWhole: isWhole), let two = other.output(name, isWhole: isWhole) else {
                return (name, nil)
            }
            return (name, TensorDifference(one, two))
        }
    }

    /// - Parameter isWhole: whether the pieces that it comes in are to make no difference.
    private func output(_ name: String, isWhole: Bool) -> Tensor? {
        let pieces = parts.joined().filter { $0.name == name }
        guard isWhole else { return pieces.first }
        guard let first = pieces.first, pieces.allSatisfy({ $0.dataType == first.dataType }) else { return nil }
        if first.dataType == .bytes { return Self.text(of: pieces) }
        return pieces.count == 1 ? first : Tensor.joining(pieces)
    }

    private static func text(of pieces: [Tensor]) -> Tensor? {
        var text: [UInt8] = []
        for piece in pieces {
            for index in 0..<piece.elementCount {
                unsafe piece.withElement(index) { unsafe text.append(contentsOf: $0) }
            }
        }
        let empty = try? Tensor(name: pieces[0].name, shape: [1], strings: [""])
        return try? empty?.replacingTexts([0: text])
    }
}
