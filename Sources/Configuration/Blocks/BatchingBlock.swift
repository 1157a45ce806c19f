/// `models.NAME.batching`: `auto`, `off`, or a mapping.
enum BatchingBlock {
    static let maxRows = Key.optional(
        "max_rows", ValueType.integer(1...65_536, example: "32"), default: "what the model declares, or 64",
        "Rows of one call, at most; never more than the model declares.")
    static let preferred = Key.optional(
        "preferred", ValueType.integer(1...65_536, example: "8").placed.list(), default: "only `max_rows`",
        "Numbers of rows, ascending, at which a call goes without waiting for more.")
    static let maxDelay = Key.optional(
        "max_delay", ValueType.duration(.zero...Duration.seconds(10), example: "2ms"), default: "0ms",
        "How long a request waits for others to share its call, at most.")
    static let adaptive = Key.optional(
        "adaptive", ValueType<Bool>.truth, default: "true",
        "Whether that wait is shorter, or none, where the traffic of the moment makes it useless.")

    static let block = Block(
        "models.NAME.batching",
        [maxRows.description, preferred.description, maxDelay.description, adaptive.description])

    static let type = ValueType<SchedulingConfiguration.Batching>(
        "auto, off or a mapping", example: "auto", form: .either([.word(["auto", "off"]), .block])
    ) { node, what, reading in
        switch node.content {
        case .scalar(let scalar):
            switch scalar.text {
            case "auto": return .auto
            case "off": return .off
            default:
                reading.error(
                    "\(what) must be auto, off or a mapping, not \(node.kind)", at: node.span,
                    Suggestion.text(for: scalar.text, in: ["auto", "off"], label: "known words"))
                return nil
            }
        case .list:
            reading.error("\(what) must be auto, off or a mapping, not a list", at: node.span)
            return nil
        case .mapping: return read(node, reading).map { .custom($0) }
        }
    }

    private static func read(_ node: YAMLNode, _ reading: Reading) -> BatchingConfiguration? {
        guard let reader = MappingReader(node, block, name: "batching", span: node.span, reading) else { return nil }
        var batching = BatchingConfiguration()
        batching.maximumRows = reader.value(maxRows)
        if let delay = reader.value(maxDelay) { batching.maximumDelay = delay }
        if let adaptive = reader.value(adaptive) { batching.isAdaptive = adaptive }
        for size in reader.value(preferred) ?? [] {
            if let last = batching.preferredRows.last, size.value <= last {
                reading.error("preferred must ascend, but \(size.value) follows \(last)", at: size.span)
            } else if let maximum = batching.maximumRows, size.value > maximum {
                reading.error("preferred names \(size.value) rows, but max_rows is \(maximum)", at: size.span)
            } else {
                batching.preferredRows.append(size.value)
            }
        }
        return batching
    }
}
