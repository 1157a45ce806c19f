/// `models.NAME.self_test`: the items.
enum SelfTestBlock {
    static let inputs = Key.required(
        "inputs", ValueType.opaque, "The inputs of one request by name, as JSON would have them.")
    static let expect = Key.optional(
        "expect", ValueType.opaque, default: "any answer", "Outputs by name that the answer must have.")
    static let tolerance = Key.optional(
        "tolerance", ValueType.number(0...1, example: "0.001"), default: "0.0001",
        "How far numbers may be off, as a share of the expected number, or of 1 where that is smaller.")

    static let block = Block("models.NAME.self_test", [inputs.description, expect.description, tolerance.description])

    static func read(_ node: YAMLNode, model: String, _ reading: Reading) -> ModelConfiguration.SelfTest? {
        let name = "a self_test of \(model)"
        guard let reader = MappingReader(node, block, name: name, span: node.span, reading),
            let inputs = reader.value(inputs)
        else { return nil }
        var test = ModelConfiguration.SelfTest(inputs: inputs)
        test.expected = reader.value(expect)
        if let tolerance = reader.value(tolerance) { test.tolerance = tolerance }
        return test
    }
}
