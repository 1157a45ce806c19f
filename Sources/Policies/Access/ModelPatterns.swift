internal import Configuration

/// Which public model names a consumer may use; exact names cost one hash look-up however many there are.
package struct ModelPatterns: Sendable {
    /// Whether any name is meant.
    package let allowsEverything: Bool
    /// The names that are spelt out.
    let exact: Set<String>
    private let patterns: [NamePattern]

    /// Compiles the texts of gateway.yaml: names, or patterns in which `*` stands for any run of characters.
    package init(_ texts: [String]) {
        let all = texts.map(NamePattern.init)
        allowsEverything = all.contains(where: \.matchesEverything)
        exact = Set(all.filter(\.isExact).map(\.text))
        patterns = all.filter { !$0.isExact }
    }

    /// Whether names are meant that aren't spelt out.
    var hasPatterns: Bool { !patterns.isEmpty }

    /// Whether `model` is one of the names meant.
    package func allow(_ model: String) -> Bool {
        allowsEverything || exact.contains(model) || patterns.contains { $0.matches(model) }
    }

    /// The same of a name that isn't spelt out.
    func allowUnnamed(_ model: String) -> Bool {
        allowsEverything || patterns.contains { $0.matches(model) }
    }
}
