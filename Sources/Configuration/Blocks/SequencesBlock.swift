/// `models.NAME.sequences`.
enum SequencesBlock {
    static let max = Key.optional(
        "max", ValueType.integer(1...1_000_000, example: "1024"), default: "1024",
        "Sequences under way at the same time; a start beyond them is refused as overloaded.")
    static let idle = Key.optional(
        "idle", ValueType.wait(example: "60s"), default: "60s", "A sequence without a request for so long is over.")

    static let block = Block("models.NAME.sequences", [max.description, idle.description])

    static func read(_ node: YAMLNode, span: SourceSpan, _ reading: Reading) -> SequenceConfiguration {
        var sequences = SequenceConfiguration()
        guard let reader = MappingReader(node, block, name: "sequences", span: span, reading) else { return sequences }
        if let max = reader.value(max) { sequences.maximum = max }
        if let idle = reader.value(idle) { sequences.idle = idle }
        return sequences
    }
}
