internal import CSluicePlugin

/// A model's `config:` block: every scalar as text under its dotted path, lists as `path.0`, `path.1` and so on.
public struct PluginOptions: Sendable {
    private var values: [String: String]

    /// Options as a test gives them.
    public init(_ values: [String: String]) {
        self.values = values
    }

    init(_ args: sluice_load_args) {
        let pairs = UnsafeBufferPointer(start: args.options, count: args.option_count)
        values = Dictionary(
            pairs.map { (String(cString: $0.key), String(cString: $0.value)) }, uniquingKeysWith: { $1 })
    }

    /// The scalar at a path.
    public func text(_ path: String) -> String? { values[path] }

    /// The scalars of a list, in order; empty where there is none.
    public func list(_ path: String) -> [String] {
        var items: [String] = []
        while let item = values["\(path).\(items.count)"] { items.append(item) }
        return items
    }

    /// Refuses settings that nobody reads: a mistyped one would silently not apply.
    ///
    /// - Parameter known: paths of scalars and of lists.
    /// - Throws: `PluginFailure` that names the first unknown setting.
    public func check(known: [String]) throws {
        for path in values.keys.sorted() {
            let isItem = path.split(separator: ".").last?.allSatisfy(\.isNumber) == true
            let setting = isItem ? path.split(separator: ".").dropLast().joined(separator: ".") : path
            guard known.contains(setting) else {
                throw PluginFailure("unknown setting \"\(path)\"; known settings: \(known.joined(separator: ", "))")
            }
        }
    }
}
