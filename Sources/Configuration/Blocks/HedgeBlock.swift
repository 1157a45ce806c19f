/// `routes.hedge`.
enum HedgeBlock {
    static let after = Key.required(
        "after", delay,
        "How long the first try is waited for: a time, or a percentile (`p50` to `p99`) of what the model's answers take."
    )
    static let budget = Key.optional(
        "budget", ValueType.percent(1...100, example: "5%"), default: "5%",
        "Second tries that the route earns, as a share of its requests that need none.")

    static let block = Block("routes.hedge", [after.description, budget.description])

    private static let delay = ValueType<HedgeConfiguration.Delay>(
        "a percentile or a duration", example: "p95",
        form: .either([.written("^p[5-9][0-9]$"), .written(DurationText.pattern)])
    ) { node, what, reading in
        guard let text = ValueType<String>.text("a percentile or a duration", example: "p95").read(node, what, reading)
        else { return nil }
        if text.hasPrefix("p") {
            if let percent = Int(text.dropFirst()), (50...99).contains(percent) { return .percentile(percent) }
            reading.error(
                "\(what): \(quoted(text)) is not a percentile from p50 to p99", at: node.span, "write e.g. p95")
            return nil
        }
        return ValueType<Duration>.wait(example: "20ms, or p95").read(node, what, reading).map { .fixed($0) }
    }

    static func read(_ node: YAMLNode, span: SourceSpan, _ reading: Reading) -> Placed<HedgeConfiguration>? {
        guard let reader = MappingReader(node, block, name: "hedge", span: span, reading) else { return nil }
        let (after, budget) = (reader.value(after), reader.value(budget))
        guard let after else { return nil }
        var hedge = HedgeConfiguration(after: after)
        if let budget { hedge.budgetPercent = budget }
        return Placed(value: hedge, span: reader.span(of: Self.after))
    }

    /// Reports what keeps second tries from being of any use.
    static func check(
        _ hedge: Placed<HedgeConfiguration>, route: RouteConfiguration, models: [ModelConfiguration], _ reading: Reading
    ) {
        for target in route.targets {
            guard let model = models.first(where: { $0.name == target.model }) else { continue }
            if model.cache != nil {
                reading.error(
                    "a second try of model \(quoted(model.name)) would only wait for the first: its cache joins equal requests",
                    at: hedge.span, "remove hedge, or the model's cache")
            }
            if model.scheduling.isOrdered {
                reading.error(
                    "a second try of model \(quoted(model.name)) would only wait for the first: its answers go out in order",
                    at: hedge.span, "remove hedge, or the model's ordered")
            }
            guard case .fixed(let delay) = hedge.value.after else { continue }
            let limit = min(model.timeout ?? route.deadline, route.deadline)
            if delay >= limit {
                reading.error(
                    "a second try after \(DurationText.text(delay)) never comes: "
                        + "the first one of model \(quoted(model.name)) is given up after \(DurationText.text(limit))",
                    at: hedge.span, "write less than that")
            }
        }
    }
}
