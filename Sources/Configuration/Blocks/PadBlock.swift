/// `models.NAME.pad`.
enum PadBlock {
    static let inputs = Key.required(
        "inputs",
        ValueType.form(
            "a mapping from inputs to numbers", example: "{ input_ids: 0 }",
            .names(.number(-Double.infinity...Double.infinity), atMost: Bounds.items)),
        "What each input is filled up with along its free dimensions, until it is as large as the largest of its call.")
    static let trim = Key.optional(
        "trim",
        ValueType.form(
            "a mapping from outputs to inputs", example: "{ last_hidden_state: input_ids }",
            .names(.text, atMost: Bounds.items)),
        "Outputs that are as large as an input: they are cut back to the size that the request's own input had.")

    static let block = Block("models.NAME.pad", [inputs.description, trim.description])

    static func read(_ node: YAMLNode, span: SourceSpan, _ reading: Reading) -> PaddingConfiguration? {
        guard let reader = MappingReader(node, block, name: "pad", span: span, reading) else { return nil }
        let fills = reader.value(inputs).map { entries(of: $0, "inputs", reading) } ?? []
        let trims = reader.value(trim).map { entries(of: $0, "trim", reading) } ?? []
        var padding = PaddingConfiguration(fills: [:], trims: [:])
        for entry in fills {
            if let value = number.read(entry.value, entry.key, reading) { padding.fills[entry.key] = value }
        }
        if reader.has(inputs), fills.isEmpty, case .mapping(let none)? = reader.value(inputs)?.content, none.isEmpty {
            reading.error("inputs is empty", at: reader.keySpan(of: inputs), "write e.g. { input_ids: 0 }")
        }
        for entry in trims {
            guard let input = inputName.read(entry.value, entry.key, reading) else { continue }
            if padding.fills[input.value] != nil {
                padding.trims[entry.key] = input.value
            } else {
                reading.error(
                    "trim names input \(quoted(input.value)), which is not padded", at: input.span,
                    Suggestion.text(for: input.value, in: fills.map(\.key), label: "padded inputs"))
            }
        }
        return padding
    }

    private static let number = ValueType<Double>.number(
        -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude, example: "0")

    private static let inputName = ValueType.text("an input's name", example: "input_ids").placed

    private static func entries(of node: YAMLNode, _ what: String, _ reading: Reading) -> [YAMLNode.Entry] {
        guard case .mapping(let entries) = node.content else {
            reading.error("\(what) must be a mapping, not \(node.kind)", at: node.span)
            return []
        }
        return entries
    }
}
