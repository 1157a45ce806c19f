internal import Configuration
internal import Tensors

/// Whether the labels of outputs are as many as models have places for.
enum LabelFit {
    /// One error for each output whose labels would never fit. Models that aren't loaded may have anything.
    static func diagnostics(_ configuration: GatewayConfiguration, models: [ModelRuntime]) -> [Diagnostic] {
        zip(configuration.models, models).flatMap { configured, model -> [Diagnostic] in
            guard let signature = model.signature else { return [] }
            return configured.outputs.compactMap { output in
                guard let labels = output.labels, let mismatch = mismatch(output.name, labels, signature) else {
                    return nil
                }
                return Diagnostic(
                    severity: .error, message: "model \"\(model.name)\": \(mismatch)", location: labels.location,
                    length: labels.length)
            }
        }
    }

    private static func mismatch(
        _ name: String, _ labels: OutputConfiguration.Labels, _ signature: ModelSignature
    ) -> String? {
        guard let spec = signature.output(named: name) else {
            let names = signature.outputs.map { "\"\($0.name)\"" }.joined(separator: ", ")
            return "there is no output \"\(name)\" to label; it has \(names)"
        }
        guard spec.dataType != .bytes, spec.dataType != .bool else {
            return "output \"\(name)\" is \(spec.text): labels are for numbers"
        }
        guard let shape = spec.shape else { return nil }
        guard let places = shape.last else { return "output \"\(name)\" is one number, which has no label" }
        guard places >= 0, places != labels.texts.count else { return nil }
        return "output \"\(name)\" is \(spec.text), but \(labels.file) has \(labels.texts.count) labels"
    }
}

extension ModelSignature {
    /// Adds what the file says of the model's inputs and outputs.
    mutating func add(_ configuration: ModelConfiguration) {
        for index in inputs.indices {
            if let columns = configuration.columns[inputs[index].name] { inputs[index].columns = columns }
        }
        for index in outputs.indices {
            let configured = configuration.outputs.first { $0.name == outputs[index].name }
            if let labels = configured?.labels { outputs[index].labels = labels.texts }
        }
    }
}
