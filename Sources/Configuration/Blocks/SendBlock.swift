/// `routes.send`: a model's name, or a mapping.
enum SendBlock {
    static let model = Key.optional(
        "model", ValueType.name(of: "model", .model, example: "iris").placed, "The one model that answers.")
    static let split = Key.optional("split", ValueType.mappings(atMost: 64), "Models that share the requests.")

    static let block = Block("routes.send", [model.description, split.description])

    /// The targets; empty where there are none, which is reported.
    static func read(_ node: YAMLNode, models: NameTable, _ reading: Reading) -> [RouteConfiguration.Target] {
        if case .scalar = node.content {
            guard let name = model.type.read(node, "send", reading) else { return [] }
            return single(name, models, reading)
        }
        if case .list = node.content {
            reading.error(
                "send must be a model or a mapping, not a list", at: node.span,
                "to share requests write { split: [{ model: a, weight: 90 }, …] }")
            return []
        }
        guard let reader = MappingReader(node, block, name: "send", span: node.span, reading) else { return [] }
        let name = reader.value(model)
        let shares = reader.value(split)
        switch (reader.has(model), reader.has(split)) {
        case (true, true):
            reading.error("send has both a model and a split", at: reader.keySpan(of: split), "leave one of them out")
        case (false, false):
            reading.error("send names no model", at: node.span, "write e.g. send: iris")
        default: break
        }
        if let name { return single(name, models, reading) }
        var targets: [RouteConfiguration.Target] = []
        for share in shares ?? [] {
            guard let target = ShareBlock.read(share, models: models, reading) else { continue }
            if targets.contains(where: { $0.model == target.model }) {
                reading.error(
                    "split names model \(quoted(target.model)) twice",
                    at: SourceSpan(target.location, length: target.model.unicodeScalars.count))
            } else {
                targets.append(target)
            }
        }
        return targets
    }

    private static func single(
        _ name: Placed<String>, _ models: NameTable, _ reading: Reading
    ) -> [RouteConfiguration.Target] {
        models.use(name.value, at: name.span, reading)
        return [RouteConfiguration.Target(model: name.value, weight: 1, location: name.span.location)]
    }
}

/// `routes.send.split`: the items.
enum ShareBlock {
    static let model = Key.required(
        "model", ValueType.name(of: "model", .model, example: "iris").placed, "An entry of `models`.")
    static let weight = Key.required(
        "weight", ValueType.integer(1...1_000_000, example: "90"), "The model's share, relative to the others'.")

    static let block = Block("routes.send.split", [model.description, weight.description])

    static func read(_ node: YAMLNode, models: NameTable, _ reading: Reading) -> RouteConfiguration.Target? {
        guard let reader = MappingReader(node, block, name: "a share of split", span: node.span, reading) else {
            return nil
        }
        let (name, weight) = (reader.value(model), reader.value(weight))
        guard let name else { return nil }
        models.use(name.value, at: name.span, reading)
        return RouteConfiguration.Target(model: name.value, weight: weight ?? 1, location: name.span.location)
    }
}

/// `routes.fallback`: the items.
enum RungBlock {
    static let when = Key.required(
        "when", ValueType<RouteConfiguration.FallbackCondition>.choice.oneOrList(),
        """
        After which failures: `5xx` is any answer of 500 to 599, `failed` a model that said so, broke its contract, \
        crashed or isn't there, `timeout` and `overloaded` are what they say, `breaker_open` is a model whose breaker is \
        open, `any` is every failure that is not the caller's own doing.
        """)
    static let model = Key.required(
        "model", ValueType.name(of: "model", .model, example: "baseline").placed,
        "An entry of `models` that the route hasn't tried yet.")

    static let block = Block("routes.fallback", [when.description, model.description])

    /// The rung; `tried` are the models before it, which it must not repeat.
    static func read(
        _ node: YAMLNode, tried: [String], models: NameTable, _ reading: Reading
    ) -> RouteConfiguration.Rung? {
        guard let reader = MappingReader(node, block, name: "a fallback", span: node.span, reading) else { return nil }
        let (conditions, name) = (reader.value(when), reader.value(model))
        if let conditions, Set(conditions).count < conditions.count {
            reading.error("when names something twice", at: reader.span(of: when))
        }
        guard let name else { return nil }
        models.use(name.value, at: name.span, reading)
        if tried.contains(name.value) {
            reading.error(
                "model \(quoted(name.value)) has been tried before this fallback", at: name.span,
                "name another model, or remove this fallback")
        }
        return RouteConfiguration.Rung(
            when: Set(conditions ?? []), model: name.value, location: name.span.location)
    }
}
