/// `routes.send`: a model's name, or a mapping.
enum SendBlock {
    static let model = Key.optional(
        "model", ValueType.name(of: "model", .model, example: "iris").placed, "The one model that answers.")
    static let split = Key.optional("split", ValueType.mappings(atMost: 64), "Models that share the requests.")
    static let canary = Key.optional(
        "canary", ValueType.mapping, "Another model that gets a part of the requests; stands beside `model`.")
    static let sticky = Key.optional(
        "sticky", ValueType.form("consumer, or a mapping", example: "consumer", .word(["consumer"]), .block),
        default: "each request by itself",
        "What keeps requests on one model of the split or canary: `consumer`, or `{ header: NAME }`.")

    static let block = Block(
        "routes.send", [model.description, split.description, canary.description, sticky.description])

    /// Where a route sends to; without targets where that isn't known, which is reported.
    struct Result {
        var targets: [RouteConfiguration.Target] = []
        var canary: CanaryConfiguration?
        var sticky: Placed<Stickiness>?
    }

    static func read(_ node: YAMLNode, models: NameTable, _ reading: Reading) -> Result {
        if case .scalar = node.content {
            guard let name = model.type.read(node, "send", reading) else { return Result() }
            return Result(targets: single(name, models, reading))
        }
        if case .list = node.content {
            reading.error(
                "send must be a model or a mapping, not a list", at: node.span,
                "to share requests write { split: [{ model: a, weight: 90 }, …] }")
            return Result()
        }
        guard let reader = MappingReader(node, block, name: "send", span: node.span, reading) else { return Result() }
        let name = reader.value(model)
        let shares = reader.value(split)
        let canary = reader.value(canary).flatMap {
            CanaryBlock.read($0, span: reader.keySpan(of: Self.canary), models: models, reading)
        }
        switch (reader.has(model), reader.has(split)) {
        case (true, true):
            reading.error("send has both a model and a split", at: reader.keySpan(of: split), "leave one of them out")
        case (false, false):
            reading.error("send names no model", at: node.span, "write e.g. send: iris")
        case (false, true) where reader.has(Self.canary):
            reading.error(
                "a canary stands beside one model, not beside a split", at: reader.keySpan(of: Self.canary),
                "write send: { model: a, canary: { model: b, share: 10% } }")
        default: break
        }
        var result = Result()
        result.sticky = reader.value(sticky).flatMap { StickyBlock.read($0, reading) }
        if let name {
            result.targets = single(name, models, reading)
            if let canary {
                if canary.target.model == name.value {
                    reading.error(
                        "the canary is the model itself",
                        at: SourceSpan(canary.target.location, length: name.value.unicodeScalars.count),
                        "name another model")
                }
                result.targets.append(canary.target)
                result.canary = canary.canary
            }
        }
        if name == nil { result.targets = readShares(shares ?? [], models, reading) }
        if reader.has(sticky), !reader.has(split), !reader.has(Self.canary) {
            reading.error(
                "sticky has nothing to choose from: send names one model", at: reader.keySpan(of: sticky),
                "leave it out, or write a split or a canary")
        }
        return result
    }

    private static func readShares(
        _ shares: [YAMLNode], _ models: NameTable, _ reading: Reading
    ) -> [RouteConfiguration.Target] {
        var targets: [RouteConfiguration.Target] = []
        for share in shares {
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

/// `routes.send.sticky`: `consumer`, or a mapping.
enum StickyBlock {
    static let header = Key.required(
        "header", HeaderNameText.type, "The header field whose value keeps requests together.")

    static let block = Block("routes.send.sticky", [header.description])

    static func read(_ node: YAMLNode, _ reading: Reading) -> Placed<Stickiness>? {
        if case .scalar(let scalar) = node.content, !scalar.isNull {
            guard scalar.text == "consumer" else {
                reading.error(
                    "sticky can't be \(quoted(scalar.text))", at: node.span, "write consumer, or { header: x-session }")
                return nil
            }
            return Placed(value: .consumer, span: node.span)
        }
        guard let reader = MappingReader(node, block, name: "sticky", span: node.span, reading) else { return nil }
        return reader.value(header).map { Placed(value: .header($0), span: node.span) }
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
