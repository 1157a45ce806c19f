/// `models.NAME.breaker`.
enum BreakerBlock {
    static let standard = BreakerConfiguration()

    static let failures = Key.optional(
        "failures", ValueType.integer(1...10_000, example: "5"), default: "5", "Failures in a row that open it.")
    static let rate = Key.optional(
        "rate", ValueType.number(0.01...1, example: "0.5"), default: "0.5",
        "The share of the calls within `window` that opens it when they fail.")
    static let window = Key.optional(
        "window", ValueType.duration(.milliseconds(100)...Duration.seconds(3_600), example: "10s"), default: "10s",
        "What `rate` looks back on.")
    static let calls = Key.optional(
        "calls", ValueType.integer(1...1_000_000, example: "20"), default: "20",
        "Calls within `window` below which `rate` opens nothing.")
    static let open = Key.optional(
        "open", ValueType.wait(example: "5s").placed, default: "5s",
        "How long it stays open the first time; each time after that twice as long as before.")
    static let longest = Key.optional(
        "longest", ValueType.wait(example: "1min").placed, default: "1min, or `open` where that is longer",
        "How long it stays open at most, but for up to a fifth more by chance.")
    static let probes = Key.optional(
        "probes", ValueType.integer(1...1_000, example: "1"), default: "1",
        "Requests that are let through then; it closes when all of them succeed.")

    static let block = Block(
        "models.NAME.breaker",
        [
            failures.description, rate.description, window.description, calls.description, open.description,
            longest.description, probes.description,
        ])

    static func read(_ node: YAMLNode, span: SourceSpan, _ reading: Reading) -> BreakerConfiguration? {
        guard let reader = MappingReader(node, block, name: "breaker", span: span, reading) else { return nil }
        var breaker = BreakerConfiguration()
        if let failures = reader.value(failures) { breaker.failures = failures }
        if let rate = reader.value(rate) { breaker.rate = rate }
        if let window = reader.value(window) { breaker.window = window }
        if let calls = reader.value(calls) { breaker.calls = calls }
        if let open = reader.value(open) { breaker.open = open.value }
        breaker.longest = max(breaker.longest, breaker.open)
        if let longest = reader.value(longest) {
            if longest.value < breaker.open {
                reading.error(
                    "longest is \(DurationText.text(longest.value)), but open is \(DurationText.text(breaker.open))",
                    at: longest.span, "no opening can be longer than the longest")
            }
            breaker.longest = longest.value
        }
        if let probes = reader.value(probes) { breaker.probes = probes }
        return breaker
    }
}
