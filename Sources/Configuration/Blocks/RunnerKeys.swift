/// The keys of `plugins.NAME` that are about the plugin's own process.
enum RunnerKeys {
    static let isolation = Key.optional(
        "isolation", ValueType<Isolation>.choice, default: "in-process, but process for ffi and python",
        "Where the plugin runs; `process` is a runner of its own for each model, whose crash is nobody else's.")
    static let sandbox = Key.optional(
        "sandbox", ValueType<RunnerConfiguration.Sandbox>.choice, default: "standard",
        "What the runner is kept from; `strict` reads only what is granted, `off` nothing but secrets.")
    static let memory = Key.optional(
        "memory", ValueType.size(16 << 20...1 << 46, example: "1GiB"),
        "Memory that the runner may take; beyond it, it is killed and started again.")
    static let grants = Key.optional("grants", ValueType.mapping, "What the sandbox lets through.")
    static let environment = Key.optional(
        "env", ValueType<String>.variableName.placed.list(atMost: 256),
        "Variables of the gateway's environment that the runner gets; it has no other.")
    static let grace = Key.optional(
        "grace", ValueType.wait(example: "1s"), default: "1s",
        "How long a request may go on beyond its deadline before the runner is killed.")

    static let descriptions = [
        isolation.description, sandbox.description, memory.description, grants.description, environment.description,
        grace.description,
    ]

    /// What the keys say, and the first of them that only makes sense for a process of its own.
    static func read(
        _ reader: MappingReader, _ reading: Reading
    ) -> (isolation: Isolation?, runner: RunnerConfiguration, needsProcess: Placed<String>?) {
        var runner = RunnerConfiguration()
        let isolation = reader.value(isolation)
        if let sandbox = reader.value(sandbox) { runner.sandbox = sandbox }
        runner.memory = reader.value(memory)
        if let grants = reader.value(grants) {
            GrantsBlock.read(grants, span: reader.keySpan(of: Self.grants), into: &runner, reading)
        }
        for name in reader.value(environment) ?? [] {
            guard reading.context.environment[name.value] != nil else {
                reading.error(
                    "the environment has no variable \(quoted(name.value))", at: name.span,
                    "set it, e.g. \(name.value)=…")
                continue
            }
            runner.environment.append(name.value)
        }
        if let grace = reader.value(grace) { runner.grace = grace }
        let present = [
            (reader.has(sandbox), sandbox.name, reader.keySpan(of: sandbox)),
            (reader.has(memory), memory.name, reader.keySpan(of: memory)),
            (reader.has(grants), grants.name, reader.keySpan(of: grants)),
            (reader.has(environment), environment.name, reader.keySpan(of: environment)),
            (reader.has(grace), grace.name, reader.keySpan(of: grace)),
        ]
        let first = present.first { $0.0 }.map { Placed(value: $0.1, span: $0.2) }
        return (isolation, runner, first)
    }
}

/// `plugins.NAME.grants`: what a sandboxed runner may do all the same.
enum GrantsBlock {
    static let read = Key.optional(
        "read", ValueType.text("a path", example: "./models").placed.list(),
        "Files and folders that it may read, with all below them; `standard` reads everything anyway.")
    static let write = Key.optional(
        "write", ValueType.text("a path", example: "./state").placed.list(),
        "Files and folders that it may read and write, with all below them.")
    static let network = Key.optional(
        "network", ValueType<RunnerConfiguration.Network>.choice, default: "none", "Whether it may use the network.")

    static let block = Block("plugins.NAME.grants", [read.description, write.description, network.description])

    static func read(
        _ node: YAMLNode, span: SourceSpan, into runner: inout RunnerConfiguration, _ reading: Reading
    ) {
        guard let reader = MappingReader(node, block, name: "grants", span: span, reading) else { return }
        runner.readablePaths = paths(reader.value(read) ?? [], reading)
        runner.writablePaths = paths(reader.value(write) ?? [], reading)
        if let network = reader.value(network) { runner.network = network }
    }

    private static func paths(_ given: [Placed<String>], _ reading: Reading) -> [String] {
        given.map { path in
            let absolute = reading.absolutePath(path.value)
            if !reading.context.fileExists(absolute) {
                reading.error("there is no file or folder \(quoted(absolute))", at: path.span)
            }
            return absolute
        }
    }
}

extension ValueType where Value == String {
    /// The name of an environment variable.
    static var variableName: Self {
        .parsed("a variable's name", example: "MODEL_TOKEN") { text in
            let isName = text.utf8.allSatisfy { $0.isLetterOrDigit || $0 == 0x5F } && !(text.first?.isNumber ?? true)
            return isName ? text : nil
        }
    }
}
