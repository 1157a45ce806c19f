extension PipelineConfiguration {
    /// The keys of a model that say it, all but `outputs`.
    var effective: [(key: String, value: ConfigurationValue)] {
        [
            (
                "steps",
                .list(
                    steps.map { step in
                        .mapping([
                            ("model", .string(step.model.text)), ("inputs", Self.effective(step.inputs)),
                            ("outputs", Self.effective(step.outputs)),
                            ("rows", step.rows.map { .integer(Int64($0)) } ?? .null),
                        ])
                    })
            )
        ]
    }

    private static func effective(_ wires: [Wire]) -> ConfigurationValue {
        .named(wires.map { ($0.name.text, .string($0.tensor.text)) })
    }
}
