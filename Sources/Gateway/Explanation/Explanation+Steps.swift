internal import Configuration

extension Explanation {
    /// What a model is made of, where no plugin runs it, and what that is made of.
    mutating func explainSteps(of model: ModelConfiguration, within outer: String = "") {
        for (index, step) in (model.pipeline?.steps ?? []).enumerated() {
            guard let inner = configuration.models.first(where: { $0.name == step.model.text }) else { continue }
            let means = inner.pipeline.map { "made of \($0.modelsText)" } ?? "by plugin \"\(inner.plugin)\""
            let wires = Self.text(step.inputs, "takes") + Self.text(step.outputs, "makes")
            let rows = step.rows.map { ", \($0) rows at a time" } ?? ""
            add(
                .step, "\(outer)\(index + 1). model \"\(inner.name)\", \(means)\(wires)\(rows)", at: step.model.location
            )
            explainSteps(of: inner, within: "\(outer)\(index + 1).")
        }
    }

    private static func text(_ wires: [PipelineConfiguration.Wire], _ verb: String) -> String {
        guard !wires.isEmpty else { return "" }
        let names = wires.map { "\"\($0.tensor.text)\" as its \"\($0.name.text)\"" }
        return ", \(verb) \(names.joined(separator: ", "))"
    }
}
