/// `allow` and `deny`: one rule, or a list of them. What is said of a rule's conditions is the same for both.
enum AccessRuleBlock {
    static let type = ValueType.form(
        "a mapping or a list", example: "{ models: [\"*\"] }", .block, .list(.block, atMost: Bounds.items))

    static let models = Key.required(
        "models", modelsType,
        "Models as clients name them (for `learn` and `load`, as `models` does); `*` stands for any "
            + "characters.")
    static let deniedModels = Key.optional(
        "models", modelsType, default: "all", "Models as clients name them (for `learn` and `load`, as `models` does).")
    static let operations = Key.optional(
        "operations", operationsType, default: "[infer, metadata]",
        "What may be done: `infer`; `metadata`, to know of the model, in listings, too; `learn`; `load`, `unload` or swap it "
            + "(`load`); `admin`, everything else that administrators do.")
    static let deniedOperations = Key.optional(
        "operations", operationsType, default: "all", "What may not be done.")
    static let listeners = Key.optional(
        "listeners", ValueType.name(of: "listener", example: "public").placed.oneOrList(), default: "any",
        "By which listeners.")
    static let from = Key.optional(
        "from", BanBlock.addressRange.placed.oneOrList(), default: "anywhere",
        "From which addresses the connection comes: `10.0.0.0/8`, `2001:db8::/32`, `192.0.2.1`.")
    static let during = Key.optional(
        "during", ValueType.mapping, default: "always", "In which hours of the week.")
    static let claims = Key.optional(
        "claims", ValueType.form("a mapping", example: "{ role: trainer }", .names(values, atMost: Bounds.items)),
        default: "any caller",
        "What the caller's token (JWT) must say: for each claim a value, or a list of which one is enough. A dot leads into a "
            + "claim's members; of a claim that is a list, or of the words in `scope`, one is enough.")

    static let allow = Block(
        "consumers.NAME.allow",
        [
            models.description, operations.description, listeners.description, from.description, during.description,
            claims.description,
        ])
    static let deny = Block(
        "deny",
        [
            deniedModels.description, deniedOperations.description, listeners.description, from.description,
            during.description, claims.description,
        ])

    private static let values = ValueForm.either([
        .text, .truth, .list(.either([.text, .truth]), atMost: Bounds.items),
    ])
    private static let modelsType = ValueType.name(of: "model", .pattern, example: "\"*\"").placed.oneOrList()
    private static let operationsType = ValueType<AccessOperation>.choice.placed.oneOrList()

    /// A rule and the places that later checks point at.
    struct Result {
        var rule: AccessRule
        var span: SourceSpan
        var isDeny: Bool
        var models: [Placed<String>]
        /// What is written; empty where nothing is.
        var operations: [Placed<AccessOperation>]
        var listeners: [Placed<String>]
        var from: [Placed<AddressRange>]
        var claims: SourceSpan?
    }

    /// - Parameters:
    ///   - owner: as messages call it, e.g. `consumer "acme"`.
    ///   - span: where the key stands.
    static func read(
        _ node: YAMLNode, of owner: String?, isDeny: Bool, span: SourceSpan, listeners: NameTable, _ reading: Reading
    ) -> [Result] {
        let name = (isDeny ? "deny" : "allow") + (owner.map { " of \($0)" } ?? "")
        guard case .list = node.content else {
            return read(node, name: name, isDeny: isDeny, span: span, listeners, reading).map { [$0] } ?? []
        }
        let nodes = ValueType.mappings().read(node, name, reading) ?? []
        return nodes.compactMap {
            read($0, name: "a rule of \(name)", isDeny: isDeny, span: $0.span, listeners, reading)
        }
    }

    private static func read(
        _ node: YAMLNode, name: String, isDeny: Bool, span: SourceSpan, _ known: NameTable, _ reading: Reading
    ) -> Result? {
        guard let reader = MappingReader(node, isDeny ? deny : allow, name: name, span: span, reading) else {
            return nil
        }
        let models = reader.value(isDeny ? deniedModels : models)
        let operations = reader.value(isDeny ? deniedOperations : operations)
        let listeners = reader.value(listeners) ?? []
        for listener in listeners { known.use(listener.value, at: listener.span, reading) }
        let from = reader.value(from) ?? []
        let hours = reader.value(during).map { HoursBlock.read($0, span: reader.keySpan(of: during), reading) }
        let claims = reader.value(claims).map { readClaims($0, reading) }
        // What can't be read must not widen a rule: the file isn't used then.
        guard let models = models ?? (isDeny && !reader.has(deniedModels) ? [] : nil) else { return nil }
        if isDeny, case .mapping(let entries) = node.content, entries.isEmpty {
            reading.error(
                "\(name) says nothing, and so would deny everything", at: span,
                "write { models: [\"*\"] } if that is meant")
            return nil
        }
        var rule = AccessRule(
            models: isDeny && !reader.has(deniedModels) ? ["*"] : models.map(\.value),
            operations: operations.map { Set($0.map(\.value)) }
                ?? (isDeny ? Set(AccessOperation.allCases) : AccessOperation.standard),
            location: span.location)
        rule.listeners = listeners.map(\.value)
        rule.addresses = from.map(\.value)
        rule.hours = hours ?? nil
        rule.claims = claims ?? []
        return Result(
            rule: rule, span: span, isDeny: isDeny, models: models, operations: operations ?? [],
            listeners: listeners, from: from, claims: reader.has(Self.claims) ? reader.keySpan(of: Self.claims) : nil)
    }

    private static func readClaims(_ node: YAMLNode, _ reading: Reading) -> [AccessRule.Claim] {
        guard case .mapping(let entries) = node.content else {
            reading.error("claims must be a mapping, not \(node.kind)", at: node.span, "write e.g. { role: trainer }")
            return []
        }
        if entries.isEmpty { reading.error("claims is empty", at: node.span, "leave it out, or name at least one") }
        return entries.compactMap { entry in
            let what = "claim \(quoted(entry.key))"
            let values = ValueType<String>.text("text", example: "trainer").oneOrList().read(entry.value, what, reading)
            return values.map { AccessRule.Claim(name: entry.key, values: $0) }
        }
    }
}

/// `consumers.NAME.allow.during`.
enum HoursBlock {
    static let days = Key.optional(
        "days",
        ValueType.parsed("a day, or days, of the week", example: "mon-fri", parse: WeekdayText.parse).oneOrList(),
        default: "all", "Days of the week: `mon`, or `mon-fri`.")
    static let hours = Key.optional(
        "hours", hoursType.oneOrList(), default: "the whole day",
        "From when up to when; what ends before it begins ends on the next day.")
    static let zone = Key.optional(
        "zone", QuotaBlock.zoneType, default: "UTC", "The time zone whose clocks are meant.")

    static let block = Block(
        "consumers.NAME.allow.during", [days.description, hours.description, zone.description])

    private static let hoursType = ValueType<AccessHours.Span>("hours of the day", example: "\"08:00-18:00\"") {
        node, what, reading in
        let kind = "hours of the day"
        guard let text = ValueType<String>.text(kind, example: "\"08:00-18:00\"").read(node, what, reading) else {
            return nil
        }
        if let span = HoursText.parse(text) { return span }
        let ends = text.split(separator: "-")
        let isNothing = ends.count == 2 && ends[0] == ends[1]
        reading.error(
            "\(what): \(quoted(text)) is not \(kind)" + (isNothing ? ": it ends when it begins" : ""), at: node.span,
            "write e.g. \"08:00-18:00\", up to \"24:00\"")
        return nil
    }

    static func read(_ node: YAMLNode, span: SourceSpan, _ reading: Reading) -> AccessHours? {
        guard let reader = MappingReader(node, block, name: "during", span: span, reading) else { return nil }
        let (days, hours, zone) = (reader.value(days), reader.value(hours), reader.value(zone))
        if !reader.has(Self.days), !reader.has(Self.hours) {
            reading.error("during says nothing", at: span, "write e.g. { days: mon-fri, hours: \"08:00-18:00\" }")
        }
        return AccessHours(
            days: days.map { Set($0.joined()) } ?? AccessHours.allDays, spans: hours ?? [], zone: zone ?? "UTC")
    }
}
