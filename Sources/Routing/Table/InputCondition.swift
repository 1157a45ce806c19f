internal import Configuration
package import Tensors

/// What a route asks of one input, once the body has been read.
package struct InputCondition: Sendable {
    package let name: String
    private let dataTypes: [String]
    private let shape: [Int]?
    private let elements: ClosedRange<Int>

    init(_ input: RouteConditions.Input) {
        name = input.name
        dataTypes = input.dataTypes
        shape = input.shape
        let least = input.minElements ?? 0
        elements = least...max(least, input.maxElements ?? .max)
    }

    /// What doesn't fit, as a half sentence; `nil` where all does.
    package func mismatch(with inputs: [Tensor]) -> String? {
        guard let input = inputs.first(where: { $0.name == name }) else { return "there is no input \"\(name)\"" }
        return mismatch(dataType: input.dataType, shape: input.shape, elements: input.elementCount)
    }

    /// The same of an input of which only the form is known.
    package func mismatch(dataType: DataType, shape: [Int], elements: Int) -> String? {
        if !dataTypes.isEmpty, !dataTypes.contains(dataType.name) {
            return "input \"\(name)\" is \(dataType.name), not \(dataTypes.joined(separator: " or "))"
        }
        if let wanted = self.shape,
            wanted.count != shape.count || !zip(wanted, shape).allSatisfy({ $0 < 0 || $0 == $1 })
        {
            return "input \"\(name)\" has the shape \(Shape.text(shape)), not \(Shape.text(wanted))"
        }
        if !self.elements.contains(elements) {
            let bounds =
                self.elements.upperBound == .max
                ? "at least \(self.elements.lowerBound)" : "\(self.elements.lowerBound) to \(self.elements.upperBound)"
            return "input \"\(name)\" has \(elements) elements, not \(bounds)"
        }
        return nil
    }
}
