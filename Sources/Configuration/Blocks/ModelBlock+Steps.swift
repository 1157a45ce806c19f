extension ModelBlock {
    /// What a model with steps is, where it has any.
    static func readSteps(_ reader: MappingReader, _ reading: Reading) -> PipelineConfiguration? {
        guard reader.has(steps) else {
            if reader.has(outputs) {
                reading.error(
                    "outputs are for a model with steps", at: reader.keySpan(of: outputs),
                    "leave them out: a plugin's model says itself what it answers")
            }
            return nil
        }
        for key in keysOfPlugins where reader.has(named: key) {
            reading.error(
                "\(reader.name) has steps, so it can't have \(key)", at: reader.keySpan(named: key),
                key == plugin.name
                    ? "a model is a plugin's or has steps: make two models of it"
                    : "write it at the models that its steps name")
        }
        guard let nodes = reader.value(steps) else { return nil }
        let read = nodes.enumerated().map { StepBlock.read($1, number: $0 + 1, reading) }
        var pipeline = PipelineConfiguration(steps: read.compactMap(\.self))
        for output in reader.value(outputs) ?? [] {
            guard NameRule.text.check(output.value, of: "tensor", at: output.span, reading) else { continue }
            if pipeline.outputs.contains(where: { $0.text == output.value }) {
                reading.error("output \(quoted(output.value)) is named twice", at: output.span)
            }
            pipeline.outputs.append(StepBlock.name(output))
        }
        return pipeline
    }

    /// What only a model can have that a plugin runs.
    private static let keysOfPlugins = [
        plugin.name, config.name, instances.name, isolation.name, concurrency.name, queue.name, batching.name,
        priorities.name, fairBy.name, limit.name, sequences.name, pad.name, state.name,
    ]
}
