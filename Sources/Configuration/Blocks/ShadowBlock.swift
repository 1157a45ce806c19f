/// `routes.shadow`.
enum ShadowBlock {
    static let model = Key.required(
        "model", ValueType.name(of: "model", .model, example: "iris-v2").placed,
        "An entry of `models` that sees requests too, and whose answers nobody gets.")
    static let share = Key.optional(
        "share", ValueType<Int>.share, default: "100%", "The part of the answered requests that it sees.")
    static let concurrency = Key.optional(
        "concurrency", ValueType.integer(1...1_024, example: "4"), default: "4",
        "Requests that are with it at once, those that wait included; others are left out.")
    static let memory = Key.optional(
        "memory", ValueType.size(1_024...(1 << 36), example: "64MiB"), default: "64MiB",
        "Bytes of inputs and answers that are held for it; requests beyond are left out.")
    static let timeout = Key.optional(
        "timeout", ValueType.wait(example: "10s"), default: "10s", "Longest time for one request of it.")

    static let block = Block(
        "routes.shadow",
        [model.description, share.description, concurrency.description, memory.description, timeout.description])

    /// - Parameter targets: the models that the route sends to.
    static func read(
        _ node: YAMLNode, span: SourceSpan, targets: [RouteConfiguration.Target], models: NameTable, _ reading: Reading
    ) -> RouteConfiguration.Shadow? {
        guard let reader = MappingReader(node, block, name: "shadow", span: span, reading) else { return nil }
        var settings = ShadowConfiguration()
        let name = reader.value(model)
        if let share = reader.value(share) { settings.share = share }
        if let concurrency = reader.value(concurrency) { settings.concurrency = concurrency }
        if let memory = reader.value(memory) { settings.memory = memory }
        if let timeout = reader.value(timeout) { settings.timeout = timeout }
        guard let name else { return nil }
        models.use(name.value, at: name.span, reading)
        if targets.contains(where: { $0.model == name.value }) {
            reading.error(
                "the route sends to model \(quoted(name.value)) itself, so it can't be the shadow", at: name.span,
                "name another model")
        }
        return RouteConfiguration.Shadow(model: name.value, settings: settings, location: name.span.location)
    }
}
