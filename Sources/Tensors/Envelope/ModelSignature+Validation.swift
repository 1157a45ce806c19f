extension ModelSignature {
    /// Checks that `inputs` are exactly the declared ones: names, data types, shapes, and one batch size for all.
    ///
    /// - Throws: `invalid_input`, naming the input, what was expected and what came.
    package func validate(_ tensors: [Tensor]) throws(SluiceError) {
        for spec in inputs where !tensors.contains(where: { $0.name == spec.name }) {
            throw SluiceError(
                .invalidInput, "input \"\(spec.name)\" (\(spec.text)) is missing", detail: [.init("input", spec.name)])
        }
        for (index, tensor) in tensors.enumerated() {
            guard let spec = input(named: tensor.name) else {
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
            try spec.validate(tensor)
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

extension TensorSpec {
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
