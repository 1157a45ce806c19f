extension RouteConfiguration {
    var effective: ConfigurationValue {
        .mapping([
            ("name", .string(name)),
            ("match", .mapping(matched)),
            ("auth", .texts(identities.words)),
            ("send", .mapping(sent)),
            ("fallback", .list(fallback.map(\.effective))),
            ("retry", retry?.effective ?? .null),
            ("hedge", hedge?.effective ?? .null),
            ("deadline", .duration(deadline)),
            ("limits", .texts(limits)),
            ("redact", .texts(redactions)),
            ("shadow", shadow?.effective ?? .null),
        ])
    }

    private typealias Entries = [(key: String, value: ConfigurationValue)]

    private var matched: Entries {
        let head: Entries = [
            ("model", model.map { .string($0) } ?? .null), ("content_type", .texts(contentTypes)),
            ("path", .texts(conditions.paths)), ("headers", .conditions(conditions.headers)),
        ]
        let caller: Entries = [
            ("claims", .conditions(conditions.claims)), ("consumers", .texts(conditions.consumers)),
            ("groups", .texts(conditions.groups)),
        ]
        return head + caller + [("inputs", .named(conditions.inputs.map { ($0.name, $0.effective) }))]
    }

    private var sent: Entries {
        let sticky: ConfigurationValue =
            switch stickiness {
            case .consumer: .string("consumer")
            case .header(let name): .mapping([("header", .string(name))])
            case nil: .null
            }
        var entries: Entries = []
        if targets.count == 1 || canary != nil {
            entries = [("model", .string(targets[0].model))]
            if let canary { entries.append(("canary", canary.effective(model: targets[1].model))) }
        } else {
            let shares = targets.map { target in
                ConfigurationValue.mapping([
                    ("model", .string(target.model)), ("weight", .integer(Int64(target.weight))),
                ])
            }
            entries = [("split", .list(shares))]
        }
        return entries + [("sticky", sticky)]
    }
}

extension RouteConfiguration.Shadow {
    fileprivate var effective: ConfigurationValue {
        .mapping([
            ("model", .string(model)), ("share", .string(ShareText.text(settings.share))),
            ("concurrency", .integer(Int64(settings.concurrency))), ("memory", .size(settings.memory)),
            ("timeout", .duration(settings.timeout)),
        ])
    }
}

extension CanaryConfiguration {
    fileprivate func effective(model: String) -> ConfigurationValue {
        let steps = schedule.map { step in
            ConfigurationValue.mapping([
                ("at", .string(DateText.text(step.at))), ("share", .string(ShareText.text(step.share))),
            ])
        }
        return .mapping([
            ("model", .string(model)), ("share", .string(ShareText.text(share))), ("schedule", .list(steps)),
        ])
    }
}

extension RouteConditions.Input {
    fileprivate var effective: ConfigurationValue {
        .mapping([
            ("datatype", .texts(dataTypes)),
            ("shape", shape.map { .list($0.map { .integer(Int64($0)) }) } ?? .null),
            ("min_elements", minElements.map { .integer(Int64($0)) } ?? .null),
            ("max_elements", maxElements.map { .integer(Int64($0)) } ?? .null),
        ])
    }
}

extension ConfigurationValue {
    fileprivate static func conditions(_ conditions: [RouteConditions.Named]) -> ConfigurationValue {
        .named(conditions.map { ($0.name, .texts($0.patterns)) })
    }
}

extension HedgeConfiguration {
    fileprivate var effective: ConfigurationValue {
        let delay: ConfigurationValue =
            switch after {
            case .fixed(let delay): .duration(delay)
            case .percentile(let percent): .string("p\(percent)")
            }
        return .mapping([("after", delay), ("budget", .string("\(budgetPercent)%"))])
    }
}

extension RouteConfiguration.Rung {
    fileprivate var effective: ConfigurationValue {
        var entries: [(key: String, value: ConfigurationValue)] = [("when", .texts(when.map(\.rawValue).sorted()))]
        if let lowConfidence {
            entries.append(
                (
                    "low_confidence",
                    .mapping([
                        ("output", .string(lowConfidence.output)), ("below", .double(lowConfidence.below)),
                    ])
                ))
        }
        switch action {
        case .model(let name): entries.append(("model", .string(name)))
        case .stale(let age): entries.append(("stale", .duration(age)))
        case .answer(let outputs): entries.append(("answer", .named(outputs.map { ($0.name, $0.effective) })))
        }
        return .mapping(entries)
    }
}

extension FixedOutput {
    fileprivate var effective: ConfigurationValue {
        .mapping([
            ("datatype", .string(dataType.rawValue)), ("shape", .list(shape.map { .integer(Int64($0)) })),
            ("data", .list(data.map(\.withoutSecrets))),
        ])
    }
}
