/// `routes.send.canary`.
enum CanaryBlock {
    static let model = Key.required(
        "model", ValueType.name(of: "model", .model, example: "iris-v2").placed, "An entry of `models`: the new one.")
    static let share = Key.required(
        "share", ValueType<Int>.share, "The part of the requests that goes to it, in percent, as fine as 0.01%.")
    static let schedule = Key.optional(
        "schedule", ValueType.mappings(atMost: 64), default: "the share stays",
        "When the share becomes another one, in the order of the moments.")

    static let block = Block("routes.send.canary", [model.description, share.description, schedule.description])

    struct Result {
        var target: RouteConfiguration.Target
        var canary: CanaryConfiguration
    }

    static func read(_ node: YAMLNode, span: SourceSpan, models: NameTable, _ reading: Reading) -> Result? {
        guard let reader = MappingReader(node, block, name: "canary", span: span, reading) else { return nil }
        let (name, share) = (reader.value(model), reader.value(share))
        var canary = CanaryConfiguration(share: share ?? 0)
        for item in reader.value(schedule) ?? [] {
            guard let step = CanaryStepBlock.read(item, reading) else { continue }
            if let last = canary.schedule.last, step.value.at <= last.at {
                reading.error(
                    "this step of the schedule isn't after the one before it", at: step.span,
                    "steps stand in the order of their moments")
            }
            canary.schedule.append(step.value)
        }
        guard let name else { return nil }
        models.use(name.value, at: name.span, reading)
        return Result(
            target: RouteConfiguration.Target(model: name.value, weight: 1, location: name.span.location),
            canary: canary)
    }
}

/// `routes.send.canary.schedule`: the items.
enum CanaryStepBlock {
    static let at = Key.required(
        "at", ValueType.parsed("a date", example: "\"2027-01-01T08:00:00Z\"", parse: DateText.parse).placed,
        "From when on the share holds: a day or a moment, in UTC.")
    static let share = Key.required("share", ValueType<Int>.share, "The part of the requests from then on.")

    static let block = Block("routes.send.canary.schedule", [at.description, share.description])

    static func read(_ node: YAMLNode, _ reading: Reading) -> Placed<CanaryConfiguration.Step>? {
        guard let reader = MappingReader(node, block, name: "a step of the schedule", span: node.span, reading) else {
            return nil
        }
        let (moment, share) = (reader.value(at), reader.value(share))
        guard let moment, let share else { return nil }
        return Placed(value: CanaryConfiguration.Step(at: moment.value, share: share), span: moment.span)
    }
}
