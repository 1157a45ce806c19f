/// A piece of YAML whose meaning only a plugin knows.
package indirect enum ConfigurationValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case integer(Int64)
    case double(Double)
    case string(String)
    /// The value of an environment variable, which may be a secret: only the plugin sees it.
    case variable(name: String, value: String)
    case list([ConfigurationValue])
    /// Keys in the order of the file, each once.
    case mapping([(key: String, value: ConfigurationValue)])

    package static func == (left: ConfigurationValue, right: ConfigurationValue) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let a), .bool(let b)): a == b
        case (.integer(let a), .integer(let b)): a == b
        case (.double(let a), .double(let b)): a == b
        case (.string(let a), .string(let b)): a == b
        case (.variable(let a, let value), .variable(let b, let other)): a == b && value == other
        case (.list(let a), .list(let b)): a == b
        case (.mapping(let a), .mapping(let b)):
            a.count == b.count && zip(a, b).allSatisfy { $0.key == $1.key && $0.value == $1.value }
        default: false
        }
    }
}
