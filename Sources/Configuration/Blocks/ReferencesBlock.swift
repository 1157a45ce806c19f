/// `models.NAME.references`: whose files requests may name by URL.
enum ReferencesBlock {
    static let hosts = Key.required(
        "hosts",
        ValueType<ReferenceConfiguration.Host>.parsed(
            "a host", example: "files.example", parse: ReferenceConfiguration.Host.init
        ).oneOrList(),
        "Where files may be: `files.example`, `*.files.example` for all names below, or with a port of its own, `files.example:8443`."
    )
    static let networks = Key.optional(
        "networks", BanBlock.addressRange.oneOrList(), default: "no others",
        "Addresses outside the public Internet that these hosts may have; all others of those are refused.")
    static let http = Key.optional(
        "http", ValueType<Bool>.truth, default: "false", "Whether files may also come by `http://`, without TLS.")
    static let size = Key.optional(
        "size", ValueType.size(1...(1 << 30), example: "16MiB"), default: "16MiB",
        "Bytes of all files of a request that are fetched, at most.")
    static let timeout = Key.optional(
        "timeout", ValueType.wait(example: "5s"), default: "5s", "Longest time for one file, redirects included.")
    static let authority = Key.optional(
        "ca", ValueType.text("a path", example: "./tls/files-ca.pem").placed, default: "the system's",
        "Roots in PEM that the hosts' certificates must lead to.")

    static let block = Block(
        "models.NAME.references",
        [
            hosts.description, networks.description, http.description, size.description, timeout.description,
            authority.description,
        ])

    static func read(_ node: YAMLNode, span: SourceSpan, _ reading: Reading) -> ReferenceConfiguration? {
        guard let reader = MappingReader(node, block, name: "references", span: span, reading) else { return nil }
        var references = ReferenceConfiguration(hosts: reader.value(hosts) ?? [])
        if let networks = reader.value(networks) { references.networks = networks }
        if let http = reader.value(http) { references.allowsPlain = http }
        if let size = reader.value(size) { references.size = size }
        if let timeout = reader.value(timeout) { references.timeout = timeout }
        if let path = reader.value(authority) {
            let absolute = reading.absolutePath(path.value)
            if !reading.context.fileExists(absolute) {
                reading.error("there is no file \(quoted(absolute))", at: path.span)
            }
            references.authority = absolute
        }
        return references
    }
}
