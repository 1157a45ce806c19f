extension AuthConfiguration {
    var effective: ConfigurationValue {
        if kinds.isEmpty { return .string("none") }
        var entries: [(key: String, value: ConfigurationValue)] = []
        if kinds.contains(.apiKeys) || pepper != nil || keyHeader != Self.standardHeader {
            entries.append(
                (
                    "api_keys",
                    .mapping([
                        ("header", .string(keyHeader)), ("pepper", pepper.map { .string($0.reference) } ?? .null),
                    ])
                ))
        }
        entries.append(("jwt", .bool(kinds.contains(.tokens))))
        entries.append(("certificates", .bool(kinds.contains(.certificates))))
        return .mapping(entries)
    }
}

extension IssuerConfiguration {
    var effective: ConfigurationValue {
        .mapping([
            ("issuer", .string(issuer)),
            ("audience", .texts(audience)),
            ("algorithms", .texts(algorithms.map(\.rawValue))),
            ("keys", keys.effective(refresh: refresh)),
            ("skew", .duration(skew)),
            ("consumer", owner.effective),
        ])
    }
}

extension IssuerConfiguration.Keys {
    fileprivate func effective(refresh: Duration) -> ConfigurationValue {
        switch self {
        case .url(let address, let authority):
            .mapping([
                ("url", .string(address.text)), ("ca", authority.map { .string($0) } ?? .null),
                ("refresh", .duration(refresh)),
            ])
        case .file(let path): .mapping([("file", .string(path)), ("refresh", .duration(refresh))])
        case .secret(let secret): .mapping([("secret", .string(secret.reference))])
        }
    }
}

extension IssuerConfiguration.Owner {
    fileprivate var effective: ConfigurationValue {
        guard let claim else { return .string(otherwise ?? "") }
        return .mapping([
            ("claim", .string(claim)),
            ("names", .named(names.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })),
            ("otherwise", otherwise.map { .string($0) } ?? .null),
        ])
    }
}

extension BanConfiguration {
    var effective: ConfigurationValue {
        .mapping([
            ("failures", .integer(Int64(failures))), ("within", .duration(within)), ("for", .duration(lasts)),
            ("exempt", .texts(exempt.map(\.text))),
        ])
    }
}
