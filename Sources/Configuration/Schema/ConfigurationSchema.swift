/// The JSON Schema of gateway.yaml, made from the definitions that the file is read by.
///
/// Draft 2020-12. It says which keys there are, what each is for and how its value is written; what several keys must
/// agree about, and names that must exist, only `sluice check` knows.
package enum ConfigurationSchema {
    /// The schema as one JSON text with a line break at its end.
    package static let text: String = {
        var schema: [(String, JSON)] = [
            ("$schema", .string("https://json-schema.org/draft/2020-12/schema")),
            ("title", .string("gateway.yaml")),
            ("description", .string("What a Sluice gateway does.")),
        ]
        schema += object(GatewayBlock.block)
        schema.append(
            ("$defs", .object(Block.all.filter { !$0.path.isEmpty }.map { ($0.path, .object(object($0))) })))
        return JSON.object(schema).text(indent: "") + "\n"
    }()

    /// Blocks that stand in two places.
    private static let shared = [
        "admin.keys": "consumers.NAME.keys", "models.NAME.grants": "plugins.NAME.grants", "routes.auth": "auth",
        "consumers.NAME.deny": "deny", "groups.NAME.allow": "consumers.NAME.allow", "groups.NAME.deny": "deny",
        "deny.during": "consumers.NAME.allow.during",
    ]

    private static let paths = Set(Block.all.map(\.path))

    /// The path of the block that is the value of `key` in the block at `path`, or of what its names stand for.
    static func path(of key: String, in path: String) -> String? {
        let own = path.isEmpty ? key : "\(path).\(key)"
        return [own, "\(own).NAME", "\(own).INPUT", "\(own).OUTPUT", shared[own] ?? ""].first {
            !$0.isEmpty && paths.contains($0)
        }
    }

    private static func object(_ block: Block) -> [(String, JSON)] {
        let required = block.keys.filter(\.isRequired).map { JSON.string($0.name) }
        var object: [(String, JSON)] = [
            ("type", .string("object")), ("additionalProperties", .truth(false)),
            ("properties", .object(block.keys.map { ($0.name, .object(value($0, in: block.path))) })),
        ]
        if !required.isEmpty { object.append(("required", .list(required))) }
        if !block.kinds.isEmpty { object.append(("oneOf", .list(block.kinds.map(kind)))) }
        return object
    }

    private static func kind(_ kind: Block.Kind) -> JSON {
        .object([
            ("required", .list([.string(kind.key)])),
            ("properties", .object(kind.excluded.map { ($0, .truth(false)) })),
        ])
    }

    private static func value(_ key: KeyDescription, in path: String) -> [(String, JSON)] {
        var description = key.summary
        if let defaultText = key.defaultText { description += " Default: \(defaultText)." }
        return [("description", .string(description))] + form(key.form, of: key.name, in: path)
    }

    private static func form(_ form: ValueForm, of key: String, in path: String) -> [(String, JSON)] {
        switch form {
        case .text: return [("type", .list([.string("string"), .string("number")]))]
        case .written(let pattern): return [("type", .string("string")), ("pattern", .string(pattern))]
        case .word(let words): return [("enum", .list(words.map { .string($0) }))]
        case .truth: return [("type", .string("boolean"))]
        case .integer(let range):
            return [
                ("type", .string("integer")), ("minimum", .number("\(range.lowerBound)")),
                ("maximum", .number("\(range.upperBound)")),
            ]
        case .number(let range):
            var number: [(String, JSON)] = [("type", .string("number"))]
            if range.lowerBound.isFinite { number.append(("minimum", .number("\(range.lowerBound)"))) }
            if range.upperBound.isFinite { number.append(("maximum", .number("\(range.upperBound)"))) }
            return number
        case .list(let item, let most):
            return [
                ("type", .string("array")), ("minItems", .number("1")), ("maxItems", .number("\(most)")),
                ("items", .object(self.form(item, of: key, in: path))),
            ]
        case .names(let item, let most):
            return [
                ("type", .string("object")), ("maxProperties", .number("\(most)")),
                ("additionalProperties", .object(self.form(item, of: key, in: path))),
            ]
        case .block:
            guard let block = self.path(of: key, in: path) else { return [("type", .string("object"))] }
            return [("$ref", .string("#/$defs/\(block)"))]
        case .opaque: return [("type", .string("object"))]
        case .either(let forms):
            return [("anyOf", .list(forms.map { .object(self.form($0, of: key, in: path)) }))]
        }
    }

    private indirect enum JSON {
        case string(String)
        case number(String)
        case truth(Bool)
        case list([JSON])
        case object([(String, JSON)])

        func text(indent: String) -> String {
            let inner = indent + "  "
            switch self {
            case .string(let text): return JSONText.string(text)
            case .number(let text): return text
            case .truth(let value): return "\(value)"
            case .list(let items): return "[" + items.map { $0.text(indent: inner) }.joined(separator: ", ") + "]"
            case .object(let entries):
                let lines = entries.map { inner + JSONText.string($0.0) + ": " + $0.1.text(indent: inner) }
                return "{\n" + lines.joined(separator: ",\n") + "\n\(indent)}"
            }
        }
    }
}
