internal import CSluicePlugin
internal import Configuration
internal import PluginHost
internal import Tensors

extension Rule {
    /// Loading, with good and with bad configurations.
    static let loadRules: [Rule] = [
        Rule("load.works", .contract, "load() gives a model, or refuses with a message", needs: ["entry.functions"]) {
            exam in
            exam.step("in load()")
            switch try RawModel.load(try exam.plugin(), exam.arguments, host: exam.host) {
            case .loaded(let model):
                exam.keep(model)
                return .passed()
            case .refused(let failure, let fault):
                if let fault { return .failed(fault) }
                return exam.subject.configuration == nil
                    ? .skipped("without a configuration it refuses (\(failure.text)): give one with --config")
                    : .failed("it refuses the given configuration: \(failure.text)")
            }
        },
        Rule("load.unload", .contract, "unload() frees a model that was never asked", needs: ["load.works"]) { exam in
            exam.unload(try exam.load())
            return .passed()
        },
        Rule(
            "load.empty-config", .contract, "an empty configuration loads, or is refused with a message",
            needs: ["load.unload"]
        ) { exam in
            guard exam.subject.configuration != nil else { return .skipped("no other was given: see load.works") }
            let refusal = try exam.tryLoading(.mapping([]), "in load() with an empty configuration")
            if let fault = refusal?.fault { return .failed(fault) }
            return .passed(refusal.map { "refused: \($0.text)" } ?? "")
        },
        Rule(
            "load.unknown-setting", .contract, "a setting that it doesn't know is refused with a message",
            needs: ["load.unload"]
        ) { exam in
            let configuration = (exam.subject.configuration ?? .mapping([])).adding(
                "no_such_setting", .string("of sluice plugin check"))
            let refusal = try exam.tryLoading(configuration, "in load() with an unknown setting")
            guard let refusal else {
                return .warned("\"no_such_setting\" was ignored: so will be every setting that is misspelt")
            }
            if let fault = refusal.fault { return .failed(fault) }
            return .passed(refusal.text)
        },
        Rule(
            "load.bad-values", .contract, "odd values of its settings are refused with a message, or do no harm",
            needs: ["load.unload"], budget: 8
        ) { exam in
            var tried = 0
            for (what, configuration) in (exam.subject.configuration ?? .mapping([])).oddVariants() {
                tried += 1
                if let fault = try exam.tryLoading(configuration, "in load() with \(what)")?.fault {
                    return .failed("\(what): \(fault)")
                }
            }
            return .passed("\(tried) configurations")
        },
    ]

    /// What a model says of itself.
    static let describeRules: [Rule] = [
        Rule(
            "describe.sane", .contract, "describe() gives inputs and outputs with names, data types and shapes",
            needs: ["load.unload"]
        ) { exam in
            try exam.withModel { _, description in
                let inputs = description.signature.inputs.map { "\($0.name) \($0.text)" }
                let outputs = description.signature.outputs.map { "\($0.name) \($0.text)" }
                return .passed("\(inputs.joined(separator: ", ")) → \(outputs.joined(separator: ", "))")
            }
        },
        Rule(
            "describe.fields", .contract, "sizes, reserved fields, flags, limits and metadata are as the header says",
            needs: ["describe.sane"]
        ) { exam in
            try exam.withModel { model, _ in
                guard let info = model.info else { return .failed("describe() returned NULL") }
                let faults = DescriptionFaults.all(in: info)
                return faults.isEmpty ? .passed() : .failed(faults.joined(separator: "; "))
            }
        },
        Rule("warmup.works", .contract, "warmup() succeeds", needs: ["describe.sane"]) { exam in
            guard try exam.plugin().field(\.warmup) != nil else { return .passed("it has none") }
            return try exam.withModel { model, _ in
                exam.step("in warmup()")
                guard let failure = model.warmUp() else { return .passed() }
                return .failed(failure.fault ?? "refused with status \(failure.0.code): \(failure.0.text)")
            }
        },
    ]
}

extension Examination {
    /// What `load()` said against a configuration; `nil` where it took it, and then the model is freed again.
    fileprivate func tryLoading(
        _ configuration: ConfigurationValue, _ step: String
    ) throws -> (text: String, fault: String?)? {
        self.step(step)
        switch try RawModel.load(try plugin(), arguments(configuration), host: host) {
        case .loaded(let model):
            // Whoever takes a configuration must also be able to say what came of it.
            self.step(step.replacing("load()", with: "describe()"))
            _ = model.info
            model.unload()
            return nil
        case .refused(let failure, let fault): return (failure.text, fault)
        }
    }
}

/// Reads a `sluice_model_info` for what the gateway overlooks.
private enum DescriptionFaults {
    static func all(in info: UnsafePointer<sluice_model_info>) -> [String] {
        var faults: [String] = []
        let value = info.pointee
        let full = MemoryLayout<sluice_model_info>.size
        guard value.struct_size >= full else { return ["struct_size is \(value.struct_size); ABI 1.0 has \(full)"] }
        for (kind, specs, count) in [
            ("input", value.inputs, value.input_count), ("output", value.outputs, value.output_count),
        ] {
            for index in 0..<count {
                guard let spec = specs?[index] else { continue }
                let name = spec.name.map { String(cString: $0) } ?? ""
                if spec.reserved != (0, 0, 0) { faults.append("\(kind) \"\(name)\": reserved must be 0") }
                if spec.name.flatMap({ String(validatingCString: $0) }) == nil {
                    faults.append("\(kind) \(index): its name is not UTF-8")
                }
                if let summary = spec.summary, String(validatingCString: summary) == nil {
                    faults.append("\(kind) \"\(name)\": its summary is not UTF-8")
                }
            }
        }
        if value.flags & ~63 != 0 { faults.append("unknown flags \(String(value.flags, radix: 2))b") }
        if value.max_concurrency > 1 << 16 { faults.append("max_concurrency \(value.max_concurrency)") }
        let flags = Int(value.flags)
        if flags & SLUICE_MODEL_QUICK != 0, flags & SLUICE_MODEL_STREAMS != 0 {
            faults.append("QUICK and STREAMS: a stream waits for its reader, so it can't be quick")
        }
        if flags & SLUICE_MODEL_DETERMINISTIC != 0, flags & SLUICE_MODEL_SEQUENCES != 0 {
            faults.append("DETERMINISTIC and SEQUENCES: answers that depend on a sequence can't be cached")
        }
        if value.metadata_count > 0, value.metadata == nil { faults.append("metadata_count without metadata") }
        for index in 0..<min(value.metadata_count, 256) {
            guard let pair = value.metadata?[index] else { break }
            if pair.key.flatMap({ String(validatingCString: $0) })?.isEmpty ?? true || pair.value == nil {
                faults.append("metadata \(index) without a key or a value")
            }
        }
        return faults
    }
}

extension ConfigurationValue {
    /// The mapping with one more entry.
    func adding(_ key: String, _ value: ConfigurationValue) -> ConfigurationValue {
        guard case .mapping(let entries) = self else { return self }
        return .mapping(entries + [(key, value)])
    }

    /// The mapping with one value spoilt, in every way and place; and some that are odd as a whole.
    func oddVariants() -> [(what: String, configuration: ConfigurationValue)] {
        guard case .mapping(let entries) = self else { return [] }
        var nested = ConfigurationValue.string("deep")
        for _ in 0..<100 { nested = .list([nested]) }
        var variants: [(what: String, configuration: ConfigurationValue)] = [
            ("a hundred lists in each other", adding("no_such_setting", nested)),
            ("a setting whose name is empty", adding("", .integer(1))),
            (
                "a setting of 100,000 letters",
                adding("no_such_setting", .string(String(repeating: "é", count: 100_000)))
            ),
        ]
        let spoilt: [(String, ConfigurationValue)] = [
            ("null", .null), ("true", .bool(true)), ("-1", .integer(-1)), ("the largest integer", .integer(.max)),
            ("1e300", .double(1e300)), ("empty text", .string("")), ("text", .string("no such value \u{1}%s%n")),
            ("an empty list", .list([])), ("a mapping", .mapping([("no_such_setting", .integer(1))])),
        ]
        for index in entries.indices.prefix(32) {
            for (what, value) in spoilt {
                var changed = entries
                changed[index].value = value
                variants.append(("\"\(entries[index].key)\" as \(what)", .mapping(changed)))
            }
        }
        return variants
    }
}
