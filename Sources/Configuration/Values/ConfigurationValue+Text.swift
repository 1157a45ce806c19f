extension ConfigurationValue {
    /// The value as JSON; numbers in the shortest form that reads back as the same number.
    package var json: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .integer(let value): String(value)
        // JSON has no infinity and no NaN; the loader refuses both.
        case .double(let value): value.isFinite ? value.description : "null"
        case .string(let value), .variable(_, let value): JSONText.string(value)
        case .list(let items): "[" + items.map(\.json).joined(separator: ",") + "]"
        case .mapping(let entries):
            "{" + entries.map { "\(JSONText.string($0.key)):\($0.value.json)" }.joined(separator: ",") + "}"
        }
    }

    /// The same with `env:NAME` in place of what the environment holds.
    package var withoutSecrets: ConfigurationValue {
        switch self {
        case .variable(let name, _): .string("env:\(name)")
        case .list(let items): .list(items.map(\.withoutSecrets))
        case .mapping(let entries): .mapping(entries.map { ($0.key, $0.value.withoutSecrets) })
        case .null, .bool, .integer, .double, .string: self
        }
    }

    /// Every scalar below this mapping with its dotted path, in the order of the file; items of lists by number.
    ///
    /// `{ input: { shape: [4] } }` is `input.shape.0` = `4`. `null` is empty text.
    package var options: [(key: String, value: String)] {
        var options: [(key: String, value: String)] = []
        appendOptions(path: "", to: &options)
        return options
    }

    private func appendOptions(path: String, to options: inout [(key: String, value: String)]) {
        func below(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
        switch self {
        case .null: options.append((path, ""))
        case .bool, .integer, .double: options.append((path, json))
        case .string(let value), .variable(_, let value): options.append((path, value))
        case .list(let items):
            for (index, item) in items.enumerated() { item.appendOptions(path: below(String(index)), to: &options) }
        case .mapping(let entries):
            for (key, value) in entries { value.appendOptions(path: below(key), to: &options) }
        }
    }
}
