extension ReferenceConfiguration {
    var effective: ConfigurationValue {
        .mapping([
            ("hosts", .texts(hosts.map(\.text))), ("networks", .texts(networks.map(\.text))),
            ("http", .bool(allowsPlain)), ("size", .size(size)), ("timeout", .duration(timeout)),
            ("ca", authority.map { .string($0) } ?? .null),
        ])
    }
}
