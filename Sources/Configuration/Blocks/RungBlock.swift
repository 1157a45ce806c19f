/// `routes.fallback`: the items.
enum RungBlock {
    static let when = Key.optional(
        "when", ValueType<RouteConfiguration.FallbackCondition>.choice.placed.oneOrList(),
        """
        After which failures: `5xx` is any answer of 500 to 599, `failed` a model that said so, broke its contract, \
        crashed or isn't there, `timeout` and `overloaded` are what they say, `quota` is a model whose own limits are used \
        up, `breaker_open` one whose breaker is open, `any` is every failure that is not the caller's own doing.
        """)
    static let lowConfidence = Key.optional(
        "low_confidence", ValueType.mapping, "After which answers: those that a model is too unsure of.")
    static let model = Key.optional(
        "model", ValueType.name(of: "model", .model, example: "baseline").placed,
        "An entry of `models` that the route hasn't tried yet.")
    static let stale = Key.optional(
        "stale", ValueType.duration(.milliseconds(1)...Duration.seconds(365 * 86_400), example: "1h").placed,
        "How old an answer may be that a model's `cache` still has; it is given instead.")
    static let answer = Key.optional(
        "answer", ValueType.named("output", atMost: 64, names: .text).placed,
        "The outputs of an answer that is always the same.")

    static let block = Block(
        "routes.fallback",
        [
            when.description, lowConfidence.description, model.description, stale.description, answer.description,
        ])

    /// A rung and the places that later checks point at.
    struct Result {
        var rung: RouteConfiguration.Rung
        var conditions: [Placed<RouteConfiguration.FallbackCondition>]
        /// What is marked where the rung as a whole is meant.
        var span: SourceSpan
    }

    /// The rung; `tried` are the models before it, which it must not repeat.
    static func read(_ node: YAMLNode, tried: [String], models: NameTable, _ reading: Reading) -> Result? {
        guard let reader = MappingReader(node, block, name: "a fallback", span: node.span, reading) else { return nil }
        let conditions = reader.value(when) ?? []
        if Set(conditions.map(\.value)).count < conditions.count {
            reading.error("when names something twice", at: reader.span(of: when))
        }
        let doubt = reader.value(lowConfidence).flatMap {
            LowConfidenceBlock.read($0, span: reader.keySpan(of: lowConfidence), reading)
        }
        if !reader.has(when), !reader.has(lowConfidence) {
            reading.error("a fallback has no when", at: node.span, "write e.g. when: [5xx]")
        }
        guard let (action, span) = readAction(reader, tried: tried, models: models, reading) else { return nil }
        if case .stale = action, reader.has(lowConfidence) {
            reading.error(
                "an old answer can't stand in for an unsure one", at: reader.keySpan(of: lowConfidence),
                "remove low_confidence, or name a model")
        }
        var rung = RouteConfiguration.Rung(
            when: Set(conditions.map(\.value)), action: action, location: span.location)
        rung.lowConfidence = doubt
        return Result(rung: rung, conditions: conditions, span: span)
    }

    /// What the rung does, and what is marked where it is meant.
    private static func readAction(
        _ reader: MappingReader, tried: [String], models: NameTable, _ reading: Reading
    ) -> (RouteConfiguration.Rung.Action, SourceSpan)? {
        let name = reader.value(model)
        let age = reader.value(stale)
        let outputs = reader.value(answer)
        let written = [
            (model.name, reader.has(model)), (stale.name, reader.has(stale)), (answer.name, reader.has(answer)),
        ].filter(\.1).map(\.0)
        if written.isEmpty {
            reading.error(
                "a fallback has no model", at: reader.span, "write e.g. model: baseline, or stale: 1h, or answer: { … }"
            )
        } else if written.count > 1 {
            reading.error(
                "a fallback has both \(written[0]) and \(written[1])", at: reader.span, "make two fallbacks of it")
        }
        if let name {
            models.use(name.value, at: name.span, reading)
            if tried.contains(name.value) {
                reading.error(
                    "model \(quoted(name.value)) has been tried before this fallback", at: name.span,
                    "name another model, or remove this fallback")
            }
            return (.model(name.value), name.span)
        }
        if let age { return (.stale(age.value), reader.keySpan(of: stale)) }
        guard let outputs else { return nil }
        if outputs.value.isEmpty {
            reading.error("answer has no outputs", at: outputs.span, "write e.g. \(FixedOutputBlock.example)")
        }
        let read = outputs.value.compactMap { FixedOutputBlock.read($0, reading) }
        return (.answer(read), reader.keySpan(of: answer))
    }

    /// Reports what no model before a rung can lead to.
    static func check(_ results: [Result], targets: [String], models: [ModelConfiguration], _ reading: Reading) {
        var before = models.filter { targets.contains($0.name) }
        for result in results {
            for condition in result.conditions {
                guard let lack = before.lack(for: condition.value) else { continue }
                reading.error(
                    "no model before this fallback has \(lack)", at: condition.span,
                    "remove \(condition.value.rawValue), or give \(quoted(before.first?.name ?? "")) \(lack)")
            }
            switch result.rung.action {
            case .stale(let age): checkAge(age, of: before, at: result.span, reading)
            case .model(let name): before += models.filter { $0.name == name }
            case .answer: break
            }
        }
    }

    private static func checkAge(
        _ age: Duration, of models: [ModelConfiguration], at span: SourceSpan, _ reading: Reading
    ) {
        let cached = models.filter { $0.cache != nil }
        guard let first = cached.first?.cache, let name = cached.first?.name else {
            return reading.error(
                "no model before this fallback has a cache", at: span,
                "write e.g. cache: {} at model \(quoted(models.first?.name ?? ""))")
        }
        if age <= first.age {
            reading.error(
                "stale is \(DurationText.text(age)), but the cache of model \(quoted(name)) gives answers of that age anyway",
                at: span, "write more than its age, \(DurationText.text(first.age))")
        }
    }
}

extension [ModelConfiguration] {
    /// What the condition needs and none of the models has; `nil` where one has it.
    fileprivate func lack(for condition: RouteConfiguration.FallbackCondition) -> String? {
        switch condition {
        case .quota: allSatisfy(\.limits.isEmpty) ? "limits" : nil
        case .breakerOpen: allSatisfy { $0.breaker == nil } ? "a breaker" : nil
        case .serverError, .failed, .timeout, .overloaded, .any: nil
        }
    }
}

/// `routes.fallback.low_confidence`.
enum LowConfidenceBlock {
    static let output = Key.required(
        "output", ValueType.text("an output", example: "probabilities"),
        "The output that tells how sure the model is: the largest number of each row.")
    static let below = Key.required(
        "below", ValueType.number(-1e30...1e30, example: "0.6"),
        "Answers with a row whose largest number is below this are too unsure.")

    static let block = Block("routes.fallback.low_confidence", [output.description, below.description])

    static func read(
        _ node: YAMLNode, span: SourceSpan, _ reading: Reading
    ) -> RouteConfiguration.LowConfidence? {
        guard let reader = MappingReader(node, block, name: "low_confidence", span: span, reading) else { return nil }
        let (output, below) = (reader.value(output), reader.value(below))
        guard let output, let below else { return nil }
        return RouteConfiguration.LowConfidence(output: output, below: below)
    }
}

/// `routes.fallback.answer.OUTPUT`.
enum FixedOutputBlock {
    static let datatype = Key.required(
        "datatype", ValueType<ElementType>.choice, "The data type, as the Open Inference Protocol calls it.")
    static let shape = Key.required(
        "shape", ValueType.integer(1...1_000_000, example: "1, 3").list(atMost: 16),
        "The dimensions; the first is 1 where models take rows, and the answer has that row as often as the request has rows."
    )
    static let data = Key.required(
        "data", element.placed.list(atMost: 65_536), "The elements, row by row.")

    static let block = Block(
        "routes.fallback.answer.OUTPUT", [datatype.description, shape.description, data.description])

    static let example = "{ label: { datatype: BYTES, shape: [1], data: [unknown] } }"

    private static let element = ValueType<ConfigurationValue>(
        "a value", example: "0.5", form: .either([.text, .truth])
    ) { node, _, reading in
        OpaqueValue.read(node, reading)
    }

    static func read(_ entry: NamedNode, _ reading: Reading) -> FixedOutput? {
        let name = "output \(quoted(entry.name))"
        guard let reader = MappingReader(entry.node, block, name: name, span: entry.span, reading) else { return nil }
        let (datatype, shape, data) = (reader.value(datatype), reader.value(shape), reader.value(data))
        guard let datatype, let shape, let data else { return nil }
        for element in data {
            if let fault = datatype.fault(of: element.value) {
                reading.error("an element of \(datatype.rawValue) must be \(fault)", at: element.span)
            }
        }
        let count = shape.reduce(1) { $0.multipliedReportingOverflow(by: $1).overflow ? Int.max : $0 * $1 }
        if count != data.count {
            reading.error(
                "\(name) has \(data.count) elements, but its shape has \(count)", at: reader.keySpan(of: Self.data))
        }
        return FixedOutput(
            name: entry.name, dataType: datatype, shape: shape, data: data.map(\.value), location: entry.span.location)
    }
}
