/// `limits.NAME`: the items of one named set of quotas.
enum QuotaBlock {
    static let count = Key.required(
        "count", ValueType<LimitConfiguration.Quota.Count>.choice, "What is counted.")
    static let max = Key.required(
        "max", rateType, "How many over time; periods are `s`, `min`, `hour` and `day`.")
    static let burst = Key.optional(
        "burst", ValueType.integer(1...RateText.highestCount, example: "20"), default: "the number of `max`",
        "How many at once after a quiet time.")

    static let block = Block("limits.NAME", [count.description, max.description, burst.description])

    private static let rateType = ValueType<RateText>("a rate", example: "100/min") { node, what, reading in
        guard let text = ValueType<String>.text("a rate", example: "100/min").read(node, what, reading) else {
            return nil
        }
        if let rate = RateText.parse(text) { return rate }
        reading.error("\(what): \(quoted(text)) is not a rate", at: node.span, RateText.advice(for: text))
        return nil
    }

    static func read(_ entry: NamedNode, _ reading: Reading) -> LimitConfiguration? {
        let name = "limit \(quoted(entry.name))"
        guard let nodes = ValueType.mappings().read(entry.node, name, reading) else { return nil }
        let quotas = nodes.map { read($0, name: "a quota of \(name)", reading) }
        return LimitConfiguration(name: entry.name, quotas: quotas.compactMap { $0 })
    }

    private static func read(_ node: YAMLNode, name: String, _ reading: Reading) -> LimitConfiguration.Quota? {
        guard let reader = MappingReader(node, block, name: name, span: node.span, reading) else { return nil }
        let (count, rate, burst) = (reader.value(count), reader.value(max), reader.value(burst))
        guard let count, let rate else { return nil }
        return LimitConfiguration.Quota(
            count: count, max: rate.count, period: rate.period, burst: burst ?? rate.count)
    }
}
