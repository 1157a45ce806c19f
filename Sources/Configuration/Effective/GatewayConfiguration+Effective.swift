extension GatewayConfiguration {
    /// All that the gateway goes by, defaults written out, in the shape of the file.
    ///
    /// What may be secret is not in it: values from the environment stand as `env:NAME`, hashes are cut short.
    package var effective: ConfigurationValue {
        .mapping(things + callers + manners)
    }

    private typealias Entries = [(key: String, value: ConfigurationValue)]

    private var things: Entries {
        [
            ("version", .integer(1)),
            ("listeners", .named(listeners.map { ($0.name, $0.effective) })),
            ("plugins", .named(plugins.map { ($0.name, $0.effective) })),
            ("models", .named(models.map { ($0.name, $0.effective) })),
        ]
    }

    private var callers: Entries {
        [
            ("auth", auth.effective),
            ("ban", ban?.effective ?? .null),
            ("issuers", .named(issuers.map { ($0.name, $0.effective) })),
            ("consumers", .named(consumers.map { ($0.name, $0.effective) })),
            ("limits", .named(limits.map { ($0.name, .list($0.quotas.map(\.effective))) })),
            ("global_limits", .texts(globalLimits)),
            ("stores", .named(stores.map { ($0.name, $0.effective) })),
            ("groups", .named(groups.map { ($0.name, $0.effective) })),
            ("deny", AccessRule.effective(deny)),
            ("routes", .list(routes.map(\.effective))),
        ]
    }

    private var manners: Entries {
        [
            ("redaction", .named(redactions.map { ($0.name, $0.effective) })),
            ("observability", observability.effective),
            ("drain", .duration(drain)),
            ("max_inflight", .size(maxInflight)),
            ("admin", admin.map { .mapping([("keys", .list($0.keys.map(\.effective)))]) } ?? .null),
            ("audit", audit?.effective ?? .null),
            ("anomalies", anomalies?.effective ?? .null),
            ("encryption", encryption?.effective ?? .null),
            ("reload", .mapping([("watch", .bool(reload.watches)), ("settle", .duration(reload.settle))])),
            (
                "shared_memory",
                sharedMemory.map {
                    .mapping([("allow", .texts($0.allowed)), ("max_region", .size($0.maxRegion))])
                } ?? .null
            ),
        ]
    }
}

extension ConfigurationValue {
    static func named(_ entries: [(String, ConfigurationValue)]) -> ConfigurationValue {
        .mapping(entries.map { (key: $0.0, value: $0.1) })
    }

    static func texts(_ texts: some Sequence<String>) -> ConfigurationValue {
        .list(texts.map { .string($0) })
    }

    static func duration(_ duration: Duration?) -> ConfigurationValue {
        duration.map { .string(DurationText.text($0)) } ?? .null
    }

    static func size(_ bytes: Int) -> ConfigurationValue { .string(SizeText.text(bytes)) }

    /// Enough of a hash to tell two apart.
    fileprivate static func hash(
        _ digits: String, scheme: ConsumerConfiguration.Key.Scheme
    ) -> ConfigurationValue {
        .string("\(scheme.rawValue)\(digits.prefix(12))…")
    }
}

extension ListenerConfiguration {
    fileprivate var effective: ConfigurationValue {
        .mapping([
            ("address", .string(host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)")),
            ("serves", .texts(serves.map(\.rawValue).sorted())),
            ("max_body", .size(maxBody)),
            ("max_headers", .size(maxHeaders)),
            ("max_connections", .integer(Int64(maxConnections))),
            (
                "timeouts",
                .mapping([
                    ("headers", .duration(headerTimeout)), ("body", .duration(bodyTimeout)),
                    ("idle", .duration(idleTimeout)),
                ])
            ),
            ("origins", .texts(origins)),
            ("tls", tls?.effective ?? .null),
            (
                "firewall",
                firewall.map {
                    .mapping([("allow", .texts($0.allowed.map(\.text))), ("deny", .texts($0.denied.map(\.text)))])
                } ?? .null
            ),
        ])
    }
}

extension RedactionConfiguration {
    fileprivate var effective: ConfigurationValue {
        .mapping([
            ("find", .texts(detectors.map(\.rawValue))),
            ("patterns", .named(patterns.map { ($0.name, .string($0.text)) })),
            ("action", .string(action.rawValue)), ("in", .texts(places.map(\.rawValue).sorted())),
        ])
    }
}

extension ListenerTLS {
    fileprivate var effective: ConfigurationValue {
        .mapping([
            ("cert", .string(certificate)), ("key", .string(key)),
            ("client_ca", clientCA.map { .string($0) } ?? .null), ("plain", .string(plain.rawValue)),
        ])
    }
}

extension PluginConfiguration {
    fileprivate var effective: ConfigurationValue {
        let place: (key: String, value: ConfigurationValue) =
            switch source {
            case .name(let name): ("name", .string(name))
            case .path(let path): ("path", .string(path))
            }
        return .mapping([
            place,
            ("sha256", sha256.map { .string($0) } ?? .null),
            ("isolation", .string(isolation.rawValue)),
            ("sandbox", .string(runner.sandbox.rawValue)),
            ("memory", runner.memory.map { .size($0) } ?? .null),
            (
                "grants",
                .mapping([
                    ("read", .texts(runner.readablePaths)), ("write", .texts(runner.writablePaths)),
                    ("network", .string(runner.network.rawValue)),
                ])
            ),
            ("env", .texts(runner.environment)),
            ("grace", .duration(runner.grace)),
        ])
    }
}

extension ModelConfiguration {
    fileprivate var effective: ConfigurationValue {
        .mapping((pipeline.map { $0.effective } ?? []) + placement + shaping + memory)
    }

    private typealias Entries = [(key: String, value: ConfigurationValue)]

    private var placement: Entries {
        // Nothing is queued or placed where no plugin runs it.
        if pipeline != nil {
            return [
                ("version", .string(version)), ("timeout", .duration(timeout)),
                ("ordered", .bool(scheduling.isOrdered)),
            ]
        }
        return [
            ("plugin", .string(plugin)),
            ("version", .string(version)),
            ("config", config.withoutSecrets),
            ("instances", .integer(Int64(instances))),
            ("isolation", isolation.map { .string($0.rawValue) } ?? .null),
            ("concurrency", concurrency.map { .integer(Int64($0)) } ?? .string("auto")),
            ("queue", .integer(Int64(queue))),
            ("timeout", .duration(timeout)),
            ("batching", scheduling.batching.effective),
            ("priorities", scheduling.priorities.effective),
            ("ordered", .bool(scheduling.isOrdered)),
            ("fair_by", .string(scheduling.fairness.rawValue)),
            ("limit", .string(scheduling.limit.rawValue)),
        ]
    }

    private var shaping: Entries {
        [
            (
                "sequences",
                .mapping([
                    ("max", .integer(Int64(scheduling.sequences.maximum))),
                    ("idle", .duration(scheduling.sequences.idle)),
                ])
            ),
            ("pad", padding?.effective ?? .null),
            (
                "cache",
                cache.map { .mapping([("size", .size($0.size)), ("age", .duration($0.age))]) } ?? .null
            ),
            ("inputs", .named(inputNames.map { ($0, effective(ofInput: $0)) })),
            ("references", references?.effective ?? .null),
            ("outputs", effectiveOutputs),
        ]
    }

    /// A list where they are only named, as with steps.
    private var effectiveOutputs: ConfigurationValue {
        guard let answered = pipeline?.outputs.map(\.text) else {
            return .named(outputs.map { ($0.name, $0.effective) })
        }
        if outputs.isEmpty { return .texts(answered) }
        return .named(
            answered.map { name in
                (name, (outputs.first { $0.name == name } ?? OutputConfiguration(name: name)).effective)
            })
    }

    private var inputNames: [String] {
        Set(columns.keys).union(inputLimits.map(\.input)).union(media.map(\.input))
            .union(pipeline?.inputs.map(\.text) ?? []).sorted()
    }

    private func effective(ofInput name: String) -> ConfigurationValue {
        let limits = inputLimits.first { $0.input == name }?.limits
        let range = limits?.least.flatMap { least in
            limits?.most.map { ConfigurationValue.list([.double(least), .double($0)]) }
        }
        let bounds: Entries = [
            ("columns", columns[name].map { .texts($0) } ?? .null),
            ("max_shape", limits?.maxShape.map { .list($0.map { .integer(Int64($0)) }) } ?? .null),
            ("range", range ?? .null), ("finite", .bool(limits?.isFinite ?? false)),
            ("max_text", limits?.maxText.map { .size($0) } ?? .null),
        ]
        let settings = media.first { $0.input == name }?.settings
        return .mapping(bounds + MediaConfiguration.effective(ofInput: settings))
    }

    private var memory: Entries {
        [
            ("state", state.map { .string($0) } ?? .null),
            ("tokenizer", tokenizer?.effective ?? .null),
            ("self_test", .list(selfTests.map(\.effective))),
            ("breaker", breaker?.effective ?? .null),
            ("cost", .string(cost?.text ?? "1")),
            ("limits", .texts(limits)),
        ]
    }
}

extension BreakerConfiguration {
    fileprivate var effective: ConfigurationValue {
        let opens: [(key: String, value: ConfigurationValue)] = [
            ("failures", .integer(Int64(failures))), ("rate", .double(rate)), ("window", .duration(window)),
            ("calls", .integer(Int64(calls))),
        ]
        let lasts: [(key: String, value: ConfigurationValue)] = [
            ("open", .duration(open)), ("longest", .duration(longest)), ("probes", .integer(Int64(probes))),
        ]
        return .mapping(opens + lasts)
    }
}

extension ModelConfiguration.SelfTest {
    fileprivate var effective: ConfigurationValue {
        .mapping([
            ("inputs", inputs.withoutSecrets), ("expect", expected?.withoutSecrets ?? .null),
            ("tolerance", .double(tolerance)),
        ])
    }
}

extension TokenizerConfiguration {
    fileprivate var effective: ConfigurationValue {
        .mapping([
            ("vocabulary", .string(vocabulary)), ("lowercase", .bool(isLowercased)),
            ("max_tokens", .integer(Int64(maximumTokens))), ("tokens", .string(tokenInput)),
            ("mask", .string(maskInput)), ("types", .string(typeInput)),
        ])
    }
}

extension SchedulingConfiguration.Batching {
    fileprivate var effective: ConfigurationValue {
        switch self {
        case .auto: .string("auto")
        case .off: .string("off")
        case .custom(let batching):
            .mapping([
                ("max_rows", batching.maximumRows.map { .integer(Int64($0)) } ?? .null),
                ("preferred", .list(batching.preferredRows.map { .integer(Int64($0)) })),
                ("max_delay", .duration(batching.maximumDelay)),
                ("adaptive", .bool(batching.isAdaptive)),
            ])
        }
    }
}

extension PriorityConfiguration {
    fileprivate var effective: ConfigurationValue {
        .mapping([
            ("levels", .integer(Int64(levels))), ("default", .integer(Int64(standard))),
            ("patience", .integer(Int64(patience))),
        ])
    }
}

extension PaddingConfiguration {
    fileprivate var effective: ConfigurationValue {
        .mapping([
            ("inputs", .named(fills.sorted { $0.key < $1.key }.map { ($0.key, .double($0.value)) })),
            ("trim", .named(trims.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })),
        ])
    }
}

extension ConsumerConfiguration {
    fileprivate var effective: ConfigurationValue {
        .mapping([
            ("keys", .list(keys.map(\.effective))),
            ("certificates", .texts(certificates)),
            ("allow", AccessRule.effective(allow)),
            ("deny", AccessRule.effective(deny)),
            ("limits", .texts(limits)),
            ("groups", .texts(groups)),
        ])
    }
}

extension AuditConfiguration {
    fileprivate var effective: ConfigurationValue {
        .mapping([
            ("file", .string(file)), ("key", key.map { .string($0.reference) } ?? .null), ("rotate", .size(rotate)),
            ("keep", .integer(Int64(keep))),
        ])
    }
}

extension EncryptionConfiguration {
    fileprivate var effective: ConfigurationValue {
        .mapping([
            (
                "keys",
                .list(
                    keys.map {
                        .mapping([("id", .string($0.id)), ("key", .string($0.secret.reference))])
                    })
            ), ("write", .string(write.rawValue)),
        ])
    }
}

extension AnomalyConfiguration {
    fileprivate var effective: ConfigurationValue {
        .mapping([
            ("signals", .texts(signals.map(\.rawValue).sorted())), ("window", .duration(window)),
            ("factor", .integer(Int64(factor))), ("least", .integer(Int64(least))),
        ])
    }
}

extension GroupConfiguration {
    fileprivate var effective: ConfigurationValue {
        .mapping([
            ("limits", .texts(limits)), ("allow", AccessRule.effective(allow)), ("deny", AccessRule.effective(deny)),
        ])
    }
}

extension ConsumerConfiguration.Key {
    fileprivate var effective: ConfigurationValue {
        .mapping([
            ("id", .string(id)), ("hash", .hash(sha256, scheme: scheme)),
            ("expires", expires.map { .string(DateText.text($0)) } ?? .string("never")),
        ])
    }
}

extension RetryConfiguration {
    var effective: ConfigurationValue {
        .mapping([
            ("attempts", .integer(Int64(attempts))), ("when", .texts(when.map(\.rawValue).sorted())),
            ("backoff", .duration(backoff)), ("longest", .duration(longest)),
            ("budget", .string("\(budgetPercent)%")), ("burst", .integer(Int64(burst))),
        ])
    }
}

extension ObservabilityConfiguration {
    fileprivate var effective: ConfigurationValue {
        let log: String =
            switch accessLog {
            case .none: "none"
            case .stdout: "stdout"
            case .stderr: "stderr"
            case .file(let path): path
            }
        return .mapping([
            ("access_log", .string(log)), ("log_level", .string(logLevel.rawValue)), ("redact", .texts(redactions)),
        ])
    }
}
