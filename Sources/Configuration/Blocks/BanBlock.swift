/// `ban`: when whoever fails again and again to prove who they are is shut out.
enum BanBlock {
    static let failures = Key.optional(
        "failures", ValueType.integer(1...100_000, example: "20"), default: "20",
        "So many failures are one too many: unknown or expired keys, tokens that are not valid. Showing nothing is none."
    )
    static let within = Key.optional(
        "within", ValueType.duration(Duration.seconds(1)...Duration.seconds(3_600), example: "1min"), default: "1min",
        "The time in which they are counted.")
    static let lasts = Key.optional(
        "for", ValueType.duration(Duration.seconds(1)...Bounds.longestWait, example: "5min"), default: "5min",
        "How long nothing is taken from that address, and no guess at that key.")
    static let exempt = Key.optional(
        "exempt", addressRange.oneOrList(), default: "nobody",
        "Addresses that are never banned, such as those of proxies, behind which many callers have one.")

    static let block = Block(
        "ban", [failures.description, within.description, lasts.description, exempt.description])

    /// Addresses that begin alike.
    static let addressRange = ValueType<AddressRange>("an address or a range", example: "10.0.0.0/8") {
        node, what, reading in
        let kind = "an address or a range"
        guard let text = ValueType<String>.text(kind, example: "10.0.0.0/8").read(node, what, reading) else {
            return nil
        }
        if let range = AddressRange(text) { return range }
        let network = AddressRange.network(of: text)
        reading.error(
            "\(what): \(quoted(text)) is not \(kind)" + (network == nil ? "" : ": it has bits behind its prefix"),
            at: node.span, network.map { "write \($0)" } ?? "write e.g. 10.0.0.0/8")
        return nil
    }

    static func read(_ node: YAMLNode, span: SourceSpan, _ reading: Reading) -> BanConfiguration? {
        guard let reader = MappingReader(node, block, name: "ban", span: span, reading) else { return nil }
        var ban = BanConfiguration()
        if let count = reader.value(failures) { ban.failures = count }
        if let time = reader.value(within) { ban.within = time }
        if let time = reader.value(lasts) { ban.lasts = time }
        if let ranges = reader.value(exempt) { ban.exempt = ranges }
        return ban
    }
}
