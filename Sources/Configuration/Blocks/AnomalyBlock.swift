/// `anomalies`: what of requests is watched for being unlike what it usually is.
enum AnomalyBlock {
    static let signals = Key.optional(
        "signals", ValueType<AnomalyConfiguration.Signal>.choice.placed.oneOrList(),
        default: "[rejects, auth_failures, payload_size]",
        "What is watched of each listener and each consumer: refused requests, those that don't prove who makes them, and "
            + "large bodies.")
    static let window = Key.optional(
        "window", ValueType.duration(Duration.seconds(1)...Duration.seconds(3_600), example: "1min"), default: "1min",
        "The time that is held against what was before.")
    static let factor = Key.optional(
        "factor", ValueType.integer(2...1_000, example: "4"), default: "4", "How many times what is usual is too much.")
    static let least = Key.optional(
        "least", ValueType.integer(1...1_000_000, example: "20"), default: "20",
        "So many requests of one window must be unusual; fewer are chance.")

    static let block = Block(
        "anomalies", [signals.description, window.description, factor.description, least.description])

    static func read(_ node: YAMLNode, span: SourceSpan, _ reading: Reading) -> AnomalyConfiguration? {
        guard let reader = MappingReader(node, block, name: "anomalies", span: span, reading) else { return nil }
        var anomalies = AnomalyConfiguration()
        if let signals = reader.value(signals) {
            anomalies.signals = []
            for signal in signals where !anomalies.signals.insert(signal.value).inserted {
                reading.error("signals names \(signal.value.rawValue) twice", at: signal.span)
            }
        }
        if let window = reader.value(window) { anomalies.window = window }
        if let factor = reader.value(factor) { anomalies.factor = factor }
        if let least = reader.value(least) { anomalies.least = least }
        return anomalies
    }
}
