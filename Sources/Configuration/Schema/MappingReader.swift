/// Reads one mapping key by key: reports unknown keys, missing ones and wrong values.
struct MappingReader {
    /// How messages call the mapping, e.g. `listener "public"`.
    let name: String
    /// What is marked where a key is missing.
    let span: SourceSpan
    private let entries: [String: YAMLNode.Entry]
    /// Known keys that unknown ones were probably meant to be: they are not missed as well.
    private let meant: Set<String>
    private let reading: Reading

    /// Reports keys that `block` doesn't have. `nil` where `node` is no mapping, which is reported too.
    init?(_ node: YAMLNode, _ block: Block, name: String, span: SourceSpan, _ reading: Reading) {
        guard case .mapping(let entries) = node.content else {
            let known = block.keys.map(\.name).joined(separator: ", ")
            reading.error("\(name) must be a mapping, not \(node.kind)", at: node.span, "known keys: \(known)")
            return nil
        }
        self.name = name
        self.span = span
        self.reading = reading
        let known = block.keys.map(\.name)
        var meant: Set<String> = []
        for entry in entries where !known.contains(entry.key) && !reading.isFull {
            if let nearest = Suggestion.nearest(to: entry.key, in: known) { meant.insert(nearest) }
            reading.error(
                "unknown key \(quoted(entry.key)) in \(name)", at: entry.keySpan,
                Suggestion.text(for: entry.key, in: known, label: "known keys"))
        }
        self.meant = meant
        self.entries = Dictionary(entries.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The key's value; `nil` where it is absent, or wrong, which is reported.
    func value<Value>(_ key: Key<Value>) -> Value? {
        guard let entry = entries[key.name] else {
            if key.isRequired, !meant.contains(key.name) {
                reading.error("\(name) has no \(key.name)", at: span, "write e.g. \(key.name): \(key.type.example)")
            }
            return nil
        }
        return key.type.read(entry.value, key.name, reading)
    }

    /// Whether the key is written, rightly or not.
    func has<Value>(_ key: Key<Value>) -> Bool { entries[key.name] != nil || meant.contains(key.name) }

    /// Whether a key of that name is written, rightly or not.
    func has(named name: String) -> Bool { entries[name] != nil || meant.contains(name) }

    /// Where the key's value stands.
    func span<Value>(of key: Key<Value>) -> SourceSpan { entries[key.name]?.value.span ?? span }

    /// The same by name.
    func span(named name: String) -> SourceSpan { entries[name]?.value.span ?? span }

    /// Where the key of that name stands.
    func keySpan(named name: String) -> SourceSpan { entries[name]?.keySpan ?? span }

    /// Where the key itself stands.
    func keySpan<Value>(of key: Key<Value>) -> SourceSpan { entries[key.name]?.keySpan ?? span }
}
