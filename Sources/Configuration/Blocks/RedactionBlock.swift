/// `redaction.NAME`: what is looked for in text, and what becomes of it.
enum RedactionBlock {
    static let find = Key.optional(
        "find", ValueType<RedactionConfiguration.Detector>.choice.oneOrList(), default: "nothing",
        "What is known to be looked for: e-mail addresses, card numbers, IBANs, telephone numbers, keys and tokens.")
    static let patterns = Key.optional(
        "patterns", ValueType.named("pattern", atMost: 64, items: .text), default: "none",
        "Patterns of your own, by the names that stand in their place; see below.")
    static let action = Key.optional(
        "action", ValueType<RedactionConfiguration.Action>.choice, default: "mask",
        "`mask` writes `[email]` in its place, `reject` refuses the request or its answer, `report` only counts.")
    static let places = Key.optional(
        "in", ValueType<RedactionConfiguration.Place>.choice.oneOrList(), default: "[inputs, outputs]",
        "Where: in the texts that are sent, or in those that are answered.")

    static let block = Block(
        "redaction.NAME", [find.description, patterns.description, action.description, places.description])

    static func read(_ entry: NamedNode, _ reading: Reading) -> RedactionConfiguration? {
        let name = "redaction \(quoted(entry.name))"
        guard let reader = MappingReader(entry.node, block, name: name, span: entry.span, reading) else { return nil }
        var rule = RedactionConfiguration(name: entry.name, location: entry.span.location)
        let detectors = reader.value(find) ?? []
        for detector in detectors where !rule.detectors.contains(detector) { rule.detectors.append(detector) }
        if rule.detectors.count < detectors.count {
            reading.error("find names something twice", at: reader.span(of: find))
        }
        for pattern in reader.value(patterns) ?? [] {
            guard let text = patternText.read(pattern.node, pattern.name, reading) else { continue }
            do throws(TextPattern.Mistake) {
                _ = try TextPattern(text)
                rule.patterns.append(.init(pattern.name, text))
            } catch {
                reading.error(
                    "pattern \(quoted(pattern.name)): \(error.reason)", at: pattern.node.span,
                    "at character \(error.place + 1) of it")
            }
        }
        if let action = reader.value(action) { rule.action = action }
        if let places = reader.value(places) { rule.places = Set(places) }
        if !reader.has(find), !reader.has(patterns) {
            reading.error("\(name) looks for nothing", at: entry.span, "write e.g. find: [email, secret]")
        }
        return rule
    }

    private static let patternText = ValueType.text("a pattern", example: "\"TCK-[0-9]{6}\"")
}

/// `listeners.NAME.firewall`: whose connections are taken.
enum FirewallBlock {
    static let allow = Key.optional(
        "allow", BanBlock.addressRange.oneOrList(), default: "every address", "Addresses that may connect.")
    static let deny = Key.optional(
        "deny", BanBlock.addressRange.oneOrList(), default: "none",
        "Addresses that may not, even where `allow` has them.")

    static let block = Block("listeners.NAME.firewall", [allow.description, deny.description])

    static func read(_ node: YAMLNode, span: SourceSpan, _ reading: Reading) -> Firewall? {
        guard let reader = MappingReader(node, block, name: "firewall", span: span, reading) else { return nil }
        let firewall = Firewall(allowed: reader.value(allow) ?? [], denied: reader.value(deny) ?? [])
        if !reader.has(allow), !reader.has(deny) {
            reading.error("firewall says nothing", at: span, "write e.g. allow: [10.0.0.0/8]")
        }
        return firewall
    }
}
