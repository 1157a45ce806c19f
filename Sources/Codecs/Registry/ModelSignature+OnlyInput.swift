internal import Tensors

extension ModelSignature {
    /// The input that a body of one unnamed array is.
    ///
    /// - Parameter name: what `Sluice-Input` says, if it was sent.
    /// - Parameter body: what the body is called in messages, e.g. `an npy body`.
    /// - Throws: `invalid_input` where the model has several inputs, or another one than `name`.
    func onlyInput(named name: String?, body: String) throws(SluiceError) -> TensorSpec {
        if let name, input(named: name) == nil {
            throw SluiceError(
                .invalidInput,
                "Sluice-Input names \(Quote.text(name)), but the model has \(inputNames)",
                detail: [.init("input", name), .init("inputs", inputs.map(\.name))])
        }
        guard let spec = inputs.first, inputs.count == 1 else {
            throw SluiceError(
                .invalidInput,
                "\(body) carries one input, but the model has \(inputs.count): \(inputNames); send JSON or XML",
                detail: [.init("inputs", inputs.map(\.name))])
        }
        return spec
    }

    private var inputNames: String { inputs.map { "\"\($0.name)\"" }.joined(separator: ", ") }
}
