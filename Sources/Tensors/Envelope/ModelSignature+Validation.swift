extension ModelSignature {
    /// Checks that `inputs` are exactly the declared ones: names, data types, shapes, and one batch size for all.
    ///
    /// - Throws: `invalid_input`, naming the input, what was expected and what came.
    package func validate(_ tensors: [Tensor]) throws(SluiceError) {
        for (index, tensor) in tensors.enumerated() {
            guard let place = inputs.firstIndex(where: { $0.name == tensor.name }) else {
                let names = inputs.map(\.name)
                throw SluiceError(
                    .invalidInput,
                    "the model has no input \"\(tensor.name)\"; it has \(names.map { "\"\($0)\"" }.joined(separator: ", "))",
                    detail: [.init("input", tensor.name), .init("inputs", names)])
            }
            if tensors[..<index].contains(where: { $0.name == tensor.name }) {
                throw SluiceError(
                    .invalidInput, "input \"\(tensor.name)\" is given twice", detail: [.init("input", tensor.name)])
            }
            try inputs[place].validate(tensor)
        }
        // After the unknown ones: a misspelt name is better told as itself than as the one that is missing.
        for spec in inputs where !tensors.contains(where: { $0.name == spec.name }) {
            throw SluiceError(
                .invalidInput, "input \"\(spec.name)\" (\(spec.text)) is missing", detail: [.init("input", spec.name)])
        }
        if batching != .none, let first = tensors.first {
            // A spec of any rank lets scalars through, but a batch needs an axis to join requests along.
            for tensor in tensors where tensor.shape.isEmpty {
                throw SluiceError(
                    .invalidInput,
                    "input \"\(tensor.name)\" is a scalar, but the model takes rows: give it a first dimension, e.g. [1]",
                    detail: [.init("input", tensor.name)])
            }
            for tensor in tensors.dropFirst() where tensor.shape.first != first.shape.first {
                throw SluiceError(
                    .invalidInput,
                    """
                    input "\(tensor.name)" has \(tensor.shape.first ?? 0) rows, \
                    but input "\(first.name)" has \(first.shape.first ?? 0)
                    """,
                    detail: [.init("input", tensor.name)])
            }
        }
    }
}

extension ModelSignature {
    /// What is wrong with a model's answer, measured by its own declaration; `nil` where it keeps to it.
    ///
    /// - Parameters:
    ///   - wanted: names that were asked for; empty for all.
    ///   - isComplete: whether every wanted output must be there, as in an answer of one part.
    package func fault(inOutputs tensors: [Tensor], wanted: [String], isComplete: Bool) -> String? {
        for (index, tensor) in tensors.enumerated() {
            guard let place = outputs.firstIndex(where: { $0.name == tensor.name }) else {
                return "it never declared an output \"\(tensor.name)\""
            }
            if tensors[..<index].contains(where: { $0.name == tensor.name }) {
                return "it answered output \"\(tensor.name)\" twice"
            }
            guard outputs[place].dataType == tensor.dataType, outputs[place].admits(tensor.shape) else {
                return """
                    output "\(tensor.name)" is \(tensor.dataType)\(Shape.text(tensor.shape)), \
                    declared \(outputs[place].text)
                    """
            }
        }
        guard isComplete else { return nil }
        for spec in outputs where wanted.isEmpty || wanted.contains(spec.name) {
            if !tensors.contains(where: { $0.name == spec.name }) { return "it left out output \"\(spec.name)\"" }
        }
        return nil
    }
}

extension TensorSpec {
    /// Whether a tensor may have that shape.
    package func admits(_ shape: [Int]) -> Bool {
        guard let declared = self.shape else { return true }
        guard shape.count == declared.count else { return false }
        for (axis, expected) in declared.enumerated() where expected >= 0 && shape[axis] != expected { return false }
        return true
    }

    /// Checks one tensor against its declaration.
    ///
    /// - Throws: `invalid_input`.
    package func validate(_ tensor: Tensor) throws(SluiceError) {
        guard tensor.dataType == dataType else {
            throw mismatch(with: tensor, "the data type must be \(dataType)")
        }
        guard let shape else { return }
        guard tensor.shape.count == shape.count else {
            throw mismatch(with: tensor, "the shape must have \(shape.count) dimensions")
        }
        for (axis, expected) in shape.enumerated() where expected >= 0 && tensor.shape[axis] != expected {
            throw mismatch(with: tensor, "dimension \(axis) must be \(expected)")
        }
    }

    private func mismatch(with tensor: Tensor, _ rule: String) -> SluiceError {
        SluiceError(
            .invalidInput,
            "input \"\(name)\": expected \(text), got \(tensor.dataType)\(Shape.text(tensor.shape)); \(rule)",
            detail: [
                .init("input", name), .init("expected", text),
                .init("got", tensor.dataType.name + Shape.text(tensor.shape)),
            ])
    }
}
