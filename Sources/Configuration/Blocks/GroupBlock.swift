/// `groups.NAME`: consumers that have something in common.
enum GroupBlock {
    static let limits = Key.optional(
        "limits", LimitNames.type, default: "no limits", "Entries of `limits` that all consumers of the group share.")
    static let allow = Key.optional(
        "allow", AccessRuleBlock.type, default: "nothing", "What every consumer of the group may do.")
    static let deny = Key.optional(
        "deny", AccessRuleBlock.type, default: "nothing", "What none of them may do, whatever allows it.")

    static let block = Block("groups.NAME", [limits.description, allow.description, deny.description])

    /// A group and the places that later checks point at.
    struct Result {
        var group: GroupConfiguration
        var rules: [AccessRuleBlock.Result]
    }

    static func read(
        _ entry: NamedNode, limits table: NameTable, listeners: NameTable, _ reading: Reading
    ) -> Result? {
        let name = "group \(quoted(entry.name))"
        guard let reader = MappingReader(entry.node, block, name: name, span: entry.span, reading) else { return nil }
        var rules: [AccessRuleBlock.Result] = []
        for key in [allow, deny] {
            guard let node = reader.value(key) else { continue }
            rules += AccessRuleBlock.read(
                node, of: name, isDeny: key.name == deny.name, span: reader.keySpan(of: key), listeners: listeners,
                reading)
        }
        if !reader.has(limits), !reader.has(allow), !reader.has(deny) {
            reading.error("\(name) says nothing", at: entry.span, "write limits, allow or deny")
        }
        return Result(
            group: GroupConfiguration(
                name: entry.name, limits: LimitNames.read(reader.value(limits), table, reading),
                allow: rules.filter { !$0.isDeny }.map(\.rule), deny: rules.filter(\.isDeny).map(\.rule)),
            rules: rules)
    }

    /// The groups that a consumer names, each of which is in `table` and stands once; what isn't so is reported.
    static func read(_ names: [Placed<String>]?, _ table: NameTable, _ reading: Reading) -> [String] {
        var seen: Set<String> = []
        for group in names ?? [] {
            table.use(group.value, at: group.span, reading)
            if !seen.insert(group.value).inserted {
                reading.error("group \(quoted(group.value)) is named twice", at: group.span)
            }
        }
        return (names ?? []).map(\.value)
    }

    /// Reports groups that nobody is in.
    static func check(_ table: NameTable, _ reading: Reading) {
        for group in table.unused {
            reading.error("no consumer is in group \(quoted(group.value))", at: group.span, "use it or remove it")
        }
    }
}
