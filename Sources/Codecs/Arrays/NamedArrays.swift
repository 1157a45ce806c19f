internal import Tensors

/// Which arrays of a file become which inputs, where a file has several and each has a name.
struct NamedArrays {
    /// Each input of the model with the number of the array that it is, in the model's order.
    let matches: [(spec: TensorSpec, index: Int)]

    /// Every array must be an input, and every input there.
    ///
    /// - Parameter format: what the file is called in messages, e.g. `npz`.
    /// - Throws: `invalid_input`, with the nearest name.
    init(_ names: [String], signature: ModelSignature, format: String) throws(SluiceError) {
        for name in names where signature.input(named: name) == nil {
            let inputs = signature.inputs.map(\.name)
            var message = "the \(format) body has \(Quote.text(name)), but the model has no such input"
            let suggestion = Spelling.suggestion(for: name, among: inputs)
            message += suggestion.isEmpty ? "; it has \(Self.list(inputs))" : suggestion
            throw SluiceError(
                .invalidInput, message,
                detail: [.init("input", Quote.shortened(name)), .init("inputs", inputs)])
        }
        var matches: [(spec: TensorSpec, index: Int)] = []
        for spec in signature.inputs {
            guard let index = names.firstIndex(of: spec.name) else {
                throw SluiceError(
                    .invalidInput,
                    "input \"\(spec.name)\" (\(spec.text)) is missing; the \(format) body has \(Self.list(names))",
                    detail: [.init("input", spec.name)])
            }
            matches.append((spec, index))
        }
        self.matches = matches
    }

    private static func list(_ names: [String]) -> String {
        if names.isEmpty { return "nothing" }
        return names.prefix(16).map { Quote.text($0) }.joined(separator: ", ") + (names.count > 16 ? ", …" : "")
    }
}

extension SluiceError {
    /// The same error, about one part of a body that has several.
    func about(_ part: String) -> SluiceError {
        var error = self
        error.message = "\(part): \(message)"
        return error
    }
}
