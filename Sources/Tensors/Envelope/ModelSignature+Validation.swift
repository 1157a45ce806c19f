#if canImport(Glibc)
internal import Glibc
#endif

extension ModelSignature {
    /// Checks that `inputs` are exactly the declared ones: names, data types, shapes, and one batch size for all.
    ///
    /// - Throws: `invalid_input`, naming the input, what was expected and what came.
    package func validate(_ tensors: [Tensor]) throws(SluiceError) {
        // By index: a copy of a tensor counts up and down what it holds.
        for index in tensors.indices {
            guard let place = Self.place(of: tensors[index].name, in: inputs, near: index) else {
                throw unknownInput(tensors[index].name)
            }
            if index > 0, tensors[..<index].contains(where: { $0.name == tensors[index].name }) {
                throw SluiceError(
                    .invalidInput, "input \"\(tensors[index].name)\" is given twice",
                    detail: [.init("input", tensors[index].name)])
            }
            try inputs[place].validate(tensors[index])
        }
        // After the unknown ones: a misspelt name is better told as itself than as the one that is missing. None came
        // twice, so none is missing where there are as many as declared.
        if tensors.count < inputs.count {
            for spec in inputs where !tensors.contains(where: { $0.name == spec.name }) {
                throw SluiceError(
                    .invalidInput, "input \"\(spec.name)\" (\(spec.text)) is missing",
                    detail: [.init("input", spec.name)])
            }
        }
        if batching != .none, !tensors.isEmpty { try validateRows(tensors) }
    }

    /// A spec of any rank lets scalars through, but a batch needs an axis to join requests along.
    private func validateRows(_ tensors: [Tensor]) throws(SluiceError) {
        for index in tensors.indices where tensors[index].shape.isEmpty {
            throw SluiceError(
                .invalidInput,
                """
                input "\(tensors[index].name)" is a scalar, but the model takes rows: give it a first dimension, e.g. [1]
                """,
                detail: [.init("input", tensors[index].name)])
        }
        for index in tensors.indices.dropFirst() where tensors[index].shape[0] != tensors[0].shape[0] {
            throw SluiceError(
                .invalidInput,
                """
                input "\(tensors[index].name)" has \(tensors[index].shape[0]) rows, \
                but input "\(tensors[0].name)" has \(tensors[0].shape[0])
                """,
                detail: [.init("input", tensors[index].name)])
        }
    }

    /// The declared input whose name these bytes are, without making a text of them; mostly it is the one at `index`.
    package func inputName(_ bytes: UnsafeRawBufferPointer, near index: Int) -> String? {
        Self.name(bytes, in: inputs, near: index)
    }

    /// The same of outputs.
    package func outputName(_ bytes: UnsafeRawBufferPointer, near index: Int) -> String? {
        Self.name(bytes, in: outputs, near: index)
    }

    private static func name(_ bytes: UnsafeRawBufferPointer, in specs: [TensorSpec], near index: Int) -> String? {
        guard index < specs.count else { return nil }
        var name = specs[index].name
        let isSame = name.withUTF8 { known in
            guard known.count == bytes.count, let left = known.baseAddress, let right = bytes.baseAddress else {
                return false
            }
            return memcmp(left, right, known.count) == 0
        }
        return isSame ? name : nil
    }

    private func unknownInput(_ name: String) -> SluiceError {
        let names = inputs.map(\.name)
        return SluiceError(
            .invalidInput,
            "the model has no input \"\(name)\"; it has \(names.map { "\"\($0)\"" }.joined(separator: ", "))",
            detail: [.init("input", name), .init("inputs", names)])
    }

    /// Where a name is declared; mostly tensors come in the declared order.
    private static func place(of name: String, in specs: [TensorSpec], near index: Int) -> Int? {
        if index < specs.count, specs[index].name == name { return index }
        return specs.firstIndex { $0.name == name }
    }
}

extension ModelSignature {
    /// What is wrong with a model's answer, measured by its own declaration; `nil` where it keeps to it.
    ///
    /// - Parameters:
    ///   - wanted: names that were asked for; empty for all.
    ///   - isComplete: whether every wanted output must be there, as in an answer of one part.
    package func fault(inOutputs tensors: [Tensor], wanted: [String], isComplete: Bool) -> String? {
        for index in tensors.indices {
            guard let place = Self.place(of: tensors[index].name, in: outputs, near: index) else {
                return "it never declared an output \"\(tensors[index].name)\""
            }
            if index > 0, tensors[..<index].contains(where: { $0.name == tensors[index].name }) {
                return "it answered output \"\(tensors[index].name)\" twice"
            }
            guard outputs[place].dataType == tensors[index].dataType, outputs[place].admits(tensors[index].shape) else {
                return """
                    output "\(tensors[index].name)" is \(tensors[index].dataType)\(Shape.text(tensors[index].shape)), \
                    declared \(outputs[place].text)
                    """
            }
        }
        // None came twice, so none is missing where there are as many as declared.
        guard isComplete, tensors.count < outputs.count else { return nil }
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
        for axis in declared.indices where declared[axis] >= 0 && shape[axis] != declared[axis] { return false }
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
        for axis in shape.indices where shape[axis] >= 0 && tensor.shape[axis] != shape[axis] {
            throw mismatch(with: tensor, "dimension \(axis) must be \(shape[axis])")
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
