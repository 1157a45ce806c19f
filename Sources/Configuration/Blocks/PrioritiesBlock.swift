/// `models.NAME.priorities`.
enum PrioritiesBlock {
    static let levels = Key.required(
        "levels", ValueType.integer(2...32, example: "3"),
        "How many levels there are; 1 is the most urgent. Higher numbers of clients count as the last.")
    static let standard = Key.optional(
        "default", ValueType.integer(1...32, example: "2").placed, default: "the last level",
        "The level of requests that ask for none.")
    static let patience = Key.optional(
        "patience", ValueType.integer(1...10_000, example: "8"), default: "8",
        "How often in a row a level with something waiting is passed over for more urgent ones, at most.")

    static let block = Block(
        "models.NAME.priorities", [levels.description, standard.description, patience.description])

    static func read(_ node: YAMLNode, span: SourceSpan, _ reading: Reading) -> PriorityConfiguration {
        var priorities = PriorityConfiguration()
        guard let reader = MappingReader(node, block, name: "priorities", span: span, reading) else {
            return priorities
        }
        let (levels, standard) = (reader.value(levels), reader.value(standard))
        if let patience = reader.value(patience) { priorities.patience = patience }
        guard let levels else { return priorities }
        priorities.levels = levels
        priorities.standard = levels
        if let standard, standard.value > levels {
            reading.error("default is level \(standard.value), but there are \(levels)", at: standard.span)
        } else if let standard {
            priorities.standard = standard.value
        }
        return priorities
    }
}
