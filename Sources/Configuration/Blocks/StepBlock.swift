/// `models.NAME.steps`: the items, each of them a mapping or no more than a model's name.
enum StepBlock {
    static let model = Key.required(
        "model", modelName.placed, "An entry of `models`; it may have steps itself.")
    static let inputs = Key.optional(
        "inputs",
        ValueType.form(
            "a mapping from inputs to tensors", example: "{ x: image }", .names(.text, atMost: Bounds.items)),
        default: "the tensors of the same names",
        "Which tensor each of the model's inputs is: one that a step before makes, or an input of this model.")
    static let outputs = Key.optional(
        "outputs",
        ValueType.form(
            "a mapping from outputs to tensors", example: "{ output: maps }", .names(.text, atMost: Bounds.items)),
        default: "their own names", "What the model's outputs are called by the steps after it.")
    static let rows = Key.optional(
        "rows", ValueType.integer(1...1_000_000, example: "1"), default: "all that there are",
        "Rows of one call to the model, at most: more go in several calls, as many beside each other as the model takes."
    )

    static let block = Block(
        "models.NAME.steps", [model.description, inputs.description, outputs.description, rows.description])

    /// Steps of one model.
    static let most = 64

    private static let modelName = ValueType.name(of: "model", .model, example: "detect")
    private static let tensorName = ValueType.text("a tensor's name", example: "image").placed

    /// The list itself.
    static let type = ValueType<[YAMLNode]>(
        "a list of models", example: "[detect, recognise]", form: .list(.either([.text, .block]), atMost: most)
    ) { node, what, reading in
        ValueType<YAMLNode>.form("a step", example: "detect", .text, .block).list(atMost: most).read(
            node, what, reading)
    }

    static func read(_ node: YAMLNode, number: Int, _ reading: Reading) -> PipelineConfiguration.Step? {
        if case .scalar(let scalar) = node.content, !scalar.isNull {
            return modelName.placed.read(node, "step \(number)", reading).map { .init(model: name($0)) }
        }
        guard let reader = MappingReader(node, block, name: "step \(number)", span: node.span, reading),
            let model = reader.value(model)
        else { return nil }
        var step = PipelineConfiguration.Step(model: name(model))
        if let node = reader.value(inputs) { step.inputs = wires(node, inputs.name, reading) }
        if let node = reader.value(outputs) { step.outputs = wires(node, outputs.name, reading) }
        step.rows = reader.value(rows)
        return step
    }

    private static func wires(_ node: YAMLNode, _ what: String, _ reading: Reading) -> [PipelineConfiguration.Wire] {
        guard case .mapping(let entries) = node.content else {
            reading.error("\(what) must be a mapping, not \(node.kind)", at: node.span, "write e.g. { x: image }")
            return []
        }
        guard entries.count <= Bounds.items else {
            reading.error("\(what) has \(entries.count) entries; at most \(Bounds.items) are allowed", at: node.span)
            return []
        }
        return entries.compactMap { entry in
            guard NameRule.text.check(entry.key, of: "tensor", at: entry.keySpan, reading),
                let tensor = tensorName.read(entry.value, entry.key, reading),
                NameRule.text.check(tensor.value, of: "tensor", at: tensor.span, reading)
            else { return nil }
            return .init(name: .init(entry.key, at: entry.keySpan.location), tensor: name(tensor))
        }
    }

    static func name(_ placed: Placed<String>) -> PipelineConfiguration.Name {
        .init(placed.value, at: placed.span.location)
    }
}
