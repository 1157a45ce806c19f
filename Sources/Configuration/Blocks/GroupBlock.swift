/// `groups.NAME`: consumers that have something in common.
enum GroupBlock {
    static let limits = Key.required(
        "limits", LimitNames.type, "Entries of `limits` that all consumers of the group share.")

    static let block = Block("groups.NAME", [limits.description])

    static func read(_ entry: NamedNode, limits table: NameTable, _ reading: Reading) -> GroupConfiguration? {
        let name = "group \(quoted(entry.name))"
        guard let reader = MappingReader(entry.node, block, name: name, span: entry.span, reading) else { return nil }
        return GroupConfiguration(name: entry.name, limits: LimitNames.read(reader.value(limits), table, reading))
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
