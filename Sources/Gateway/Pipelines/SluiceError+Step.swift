internal import Tensors

extension SluiceError {
    /// The same failure, as that of a pipeline: it says which step it was.
    func inStep(_ number: Int, model: String, of pipeline: String) -> SluiceError {
        var error = self
        // Most name their model themselves.
        let whose = message.contains("\"\(model)\"") ? "" : " (\"\(model)\")"
        error.message = "step \(number) of \"\(pipeline)\"\(whose): \(message)"
        // A step's own step is the more exact one.
        if !detail.contains(where: { $0.key == "step" }) { error.detail.append(.init("step", model)) }
        return error
    }

    /// The same end, saying where the pipeline had got to.
    func whileAt(_ steps: [String]) -> SluiceError {
        guard code == .deadlineExceeded, !steps.isEmpty else { return self }
        var error = self
        error.message += "; it was at \(steps.joined(separator: " and "))"
        return error
    }
}
