extension ModelBlock {
    /// What a model with steps is, where it has any.
    ///
    /// - Parameter names: the tensors that the file wants to be answered.
    static func readSteps(
        _ reader: MappingReader, answering names: [Placed<String>], _ reading: Reading
    ) -> PipelineConfiguration? {
        guard reader.has(steps) else { return nil }
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
        for output in names {
            guard NameRule.text.check(output.value, of: "tensor", at: output.span, reading) else { continue }
            if pipeline.outputs.contains(where: { $0.text == output.value }) {
                reading.error("output \(quoted(output.value)) is named twice", at: output.span)
            }
            pipeline.outputs.append(StepBlock.name(output))
        }
        return pipeline
    }

    /// The outputs that the file names, and what it adds to them.
    static func readOutputs(
        _ reader: MappingReader, _ reading: Reading
    ) -> (names: [Placed<String>], read: [OutputConfiguration]) {
        guard let node = reader.value(outputs) else { return ([], []) }
        if case .list = node.content {
            if !reader.has(steps) {
                reading.error(
                    "a list of outputs is for a model with steps", at: reader.keySpan(of: outputs),
                    "a plugin's model says itself what it answers; write e.g. outputs: { NAME: { labels: ./labels.txt } }"
                )
                return ([], [])
            }
            let names = ValueType.text("a tensor's name", example: "text").placed.list()
            return (names.read(node, outputs.name, reading) ?? [], [])
        }
        let entries =
            ValueType<[NamedNode]>.named("output", atMost: Bounds.items, names: .text)
            .read(node, outputs.name, reading) ?? []
        return (
            entries.map { Placed(value: $0.name, span: $0.span) },
            entries.compactMap { OutputBlock.read($0, mayBeEmpty: reader.has(steps), reading) }
        )
    }

    /// What only a model can have that a plugin runs.
    static let keysOfPlugins = [
        plugin.name, config.name, instances.name, isolation.name, concurrency.name, queue.name, batching.name,
        priorities.name, fairBy.name, limit.name, sequences.name, pad.name, state.name,
    ]
}
