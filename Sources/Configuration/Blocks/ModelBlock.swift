/// `models.NAME`: a plugin and that model's own configuration, or the models that it is made of.
enum ModelBlock {
    static let plugin = Key.optional(
        "plugin", ValueType.name(of: "plugin", example: "onnxruntime").placed,
        "An entry of `plugins`, or any installed plugin. Every model has this or `steps`.")
    static let steps = Key.optional(
        "steps", StepBlock.type,
        """
        Instead of a plugin: models that are asked in turn, each of them a name or a mapping. What one makes the next ones \
        take, inside of the gateway; steps that don't take anything of each other run side by side.
        """)
    static let outputs = Key.optional(
        "outputs",
        ValueType.form(
            "a mapping of names, or a list", example: "{ NAME: { … } }", .names(.block, atMost: Bounds.items),
            .list(.text, atMost: Bounds.items)),
        default: "what the last step makes",
        "What the file adds to the model's outputs. With `steps` also which tensors are answered; a list says only that."
    )
    static let version = Key.optional(
        "version", versionType, default: "\"1\"", "The version under which clients see the model: digits.")
    static let config = Key.optional(
        "config", ValueType.opaque, default: "{}",
        "What the plugin wants to know; see the plugin's own page. `env:NAME` is the value of that variable.")
    static let instances = Key.optional(
        "instances", ValueType.integer(1...256, example: "2"), default: "1",
        "Copies of the model, each loaded by itself and with a `concurrency` of its own.")
    static let concurrency = Key.optional(
        "concurrency", concurrencyType, default: "auto",
        "Calls into each copy at the same time; `auto` is what the model itself declares.")
    static let batching = Key.optional(
        "batching", BatchingBlock.type, default: "auto",
        "How waiting requests are joined into one call: `auto` joins what waits, `off` nothing.")
    static let priorities = Key.optional(
        "priorities", ValueType.mapping, default: "one level", "The levels of priority that clients may ask for.")
    static let ordered = Key.optional(
        "ordered", ValueType<Bool>.truth.placed, default: "false",
        "Whether answers go out in the order in which their requests came.")
    static let fairBy = Key.optional(
        "fair_by", ValueType<SchedulingConfiguration.Fairness>.choice.placed, default: "`consumer`; `none` if ordered",
        "Who gets even shares of the model: each `consumer`, or `none`, that is first come, first served.")
    static let limit = Key.optional(
        "limit", ValueType<SchedulingConfiguration.Limit>.choice, default: "fixed",
        "Calls at the same time: `fixed` is instances × concurrency, `adaptive` what the model bears, up to that.")
    static let sequences = Key.optional(
        "sequences", ValueType.mapping, "Bounds for sequences, for models that keep state.")
    static let pad = Key.optional(
        "pad", ValueType.mapping, "How inputs of different sizes are made to fit into one call.")
    static let cache = Key.optional(
        "cache", ValueType.mapping,
        "Keeps answers for equal requests; only for models whose answers depend on nothing else.")
    static let queue = Key.optional(
        "queue", ValueType.integer(0...1_000_000, example: "256"), default: "256",
        "Requests that may wait for a free call; one more is refused as overloaded.")
    static let timeout = Key.optional(
        "timeout", ValueType.wait(example: "2s"), "Longest time for one attempt, waiting included.")
    static let isolation = Key.optional(
        "isolation", ValueType<Isolation>.choice, default: "the plugin's",
        "Where this model's plugin runs: `in-process`, or `process` for a runner of its own.")
    static let breaker = Key.optional(
        "breaker", ValueType.mapping, "Leaves the model alone for a while when it keeps failing.")
    static let inputs = Key.optional(
        "inputs", ValueType.named("input", atMost: Bounds.items, names: .text),
        "What the file adds to the model's inputs.")
    static let references = Key.optional(
        "references", ValueType.mapping,
        "Whose files requests may name by URL, for inputs that are pictures, film or sound.")
    static let state = Key.optional(
        "state", ValueType.text("a path", example: "./iris.state").placed, default: "kept while the gateway runs",
        "The file that keeps what the model learns; only for models that learn or otherwise keep a state.")
    static let tokenizer = Key.optional(
        "tokenizer", ValueType.mapping, "How text becomes the model's inputs, for models that take tokens.")
    static let selfTest = Key.optional(
        "self_test", ValueType.mappings(atMost: 64),
        "Requests that the model must answer before it takes others; else it counts as not loaded.")

    static let cost = Key.optional(
        "cost", ValueType<Placed<CostExpression>>.cost, default: "`1`",
        """
        What a request costs, for limits with `count: cost`: numbers, + - * / ( ), min, max, ceil, floor, and what can be \
        counted, e.g. `elements` and `tokens`.
        """)
    static let limits = Key.optional(
        "limits", LimitNames.type, default: "no limits", "Entries of `limits` that all requests to this model share.")

    static let block = Block(
        "models.NAME",
        [
            plugin.description, steps.description, outputs.description, version.description, config.description,
            instances.description,
            isolation.description, concurrency.description, queue.description, timeout.description,
            batching.description, priorities.description, ordered.description, fairBy.description, limit.description,
            sequences.description, pad.description, cache.description, inputs.description,
            references.description, state.description,
            tokenizer.description, selfTest.description, cost.description, limits.description, breaker.description,
        ],
        kinds: [
            .init(key: plugin.name, excluded: [steps.name]), .init(key: steps.name, excluded: keysOfPlugins),
        ])

    private static let versionType = ValueType.parsed("a version made of digits", example: "\"1\"") { text in
        text.utf8.count <= 18 && text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? text : nil
    }

    private static let concurrencyType = ValueType<Int?>(
        "a whole number or auto", example: "4", form: .either([.word(["auto"]), .integer(1...4_096)])
    ) { node, what, reading in
        if case .scalar(let scalar) = node.content, scalar.text == "auto" { return .some(nil) }
        return ValueType.integer(1...4_096, example: "4, or auto").read(node, what, reading)
    }

    /// The model, and the place where its plugin is named.
    static func read(_ entry: NamedNode, limits table: NameTable, _ reading: Reading) -> Placed<ModelConfiguration>? {
        if case .scalar(let scalar) = entry.node.content, !scalar.isNull {
            return ModelFile.read(scalar, of: entry, reading)
        }
        let name = "model \(quoted(entry.name))"
        guard let reader = MappingReader(entry.node, block, name: name, span: entry.span, reading) else { return nil }
        let plugin = reader.value(plugin)
        let outputs = readOutputs(reader, reading)
        let pipeline = readSteps(reader, answering: outputs.names, reading)
        if !reader.has(self.plugin), !reader.has(steps) {
            reading.error("\(name) has no plugin", at: entry.span, "write e.g. plugin: onnxruntime, or steps: […]")
        }
        var model = ModelConfiguration(
            name: entry.name, plugin: plugin?.value ?? "", config: reader.value(config) ?? .mapping([]),
            location: entry.span.location)
        model.pipeline = pipeline
        model.outputs = outputs.read
        if let version = reader.value(version) { model.version = version }
        if let instances = reader.value(instances) { model.instances = instances }
        if let concurrency = reader.value(concurrency) { model.concurrency = concurrency }
        if let queue = reader.value(queue) { model.queue = queue }
        model.timeout = reader.value(timeout)
        model.isolation = reader.value(isolation)
        model.scheduling = readScheduling(reader, reading)
        if let node = reader.value(pad) { model.padding = PadBlock.read(node, span: reader.keySpan(of: pad), reading) }
        if let node = reader.value(cache) {
            model.cache = CacheBlock.read(node, span: reader.keySpan(of: cache), reading)
        }
        if let node = reader.value(breaker) {
            model.breaker = BreakerBlock.read(node, span: reader.keySpan(of: breaker), reading)
        }
        if let node = reader.value(tokenizer) {
            model.tokenizer = TokenizerBlock.read(node, span: reader.keySpan(of: tokenizer), reading)
        }
        for input in reader.value(inputs) ?? [] {
            model.pipeline?.inputs.append(.init(input.name, at: input.span.location))
            guard let read = InputBlock.read(input, mayBeEmpty: pipeline != nil, reading) else { continue }
            model.columns[input.name] = read.columns
            if let media = read.media { model.media.append(media) }
            if !read.limits.isEmpty { model.inputLimits.append(.init(input: input.name, limits: read.limits)) }
        }
        if let node = reader.value(references) {
            model.references = ReferencesBlock.read(node, span: reader.keySpan(of: references), reading)
            if model.media.isEmpty {
                reading.error(
                    "\(name) has no input that takes files", at: reader.keySpan(of: references),
                    "say which by inputs: { NAME: { image: … } }")
            }
        }
        if let path = reader.value(state) { model.state = readState(path, instances: model.instances, reading) }
        model.selfTests = (reader.value(selfTest) ?? []).compactMap { SelfTestBlock.read($0, model: name, reading) }
        if let cost = reader.value(cost) { (model.cost, model.costLocation) = (cost.value, cost.span.location) }
        model.limits = LimitNames.read(reader.value(limits), table, reading)
        if pipeline != nil { return Placed(value: model, span: entry.span) }
        return plugin.map { Placed(value: model, span: $0.span) }
    }

    private static func readState(_ path: Placed<String>, instances: Int, _ reading: Reading) -> String {
        let absolute = reading.absolutePath(path.value)
        let folder = String(absolute[..<(absolute.lastIndex(of: "/") ?? absolute.startIndex)])
        if !reading.context.fileExists(folder.isEmpty ? "/" : folder) {
            reading.error("there is no folder \(quoted(folder)) for the state", at: path.span)
        }
        if instances > 1 {
            reading.error(
                "a model of \(instances) instances can't have one state", at: path.span,
                "each instance would learn by itself; leave out instances")
        }
        return absolute
    }

    private static func readScheduling(_ reader: MappingReader, _ reading: Reading) -> SchedulingConfiguration {
        var scheduling = SchedulingConfiguration()
        if let batching = reader.value(batching) { scheduling.batching = batching }
        if let node = reader.value(priorities) {
            scheduling.priorities = PrioritiesBlock.read(node, span: reader.keySpan(of: priorities), reading)
        }
        if let limit = reader.value(limit) { scheduling.limit = limit }
        if let node = reader.value(sequences) {
            scheduling.sequences = SequencesBlock.read(node, span: reader.keySpan(of: sequences), reading)
        }
        let fairness = reader.value(fairBy)
        if let ordered = reader.value(ordered), ordered.value {
            scheduling.isOrdered = true
            scheduling.fairness = .none
            // Whoever is to go first would only wait for those before it.
            if fairness?.value == .consumer {
                reading.error(
                    "an ordered model can't be fair_by: consumer", at: reader.keySpan(of: fairBy),
                    "leave one of them out")
            }
            if reader.has(priorities) {
                reading.error(
                    "an ordered model can't have priorities", at: reader.keySpan(of: priorities),
                    "leave one of them out")
            }
        } else if let fairness {
            scheduling.fairness = fairness.value
        }
        return scheduling
    }
}
