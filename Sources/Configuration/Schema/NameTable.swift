/// The declared names of one kind, and which of them something refers to.
final class NameTable {
    /// What is named, e.g. `model`.
    let thing: String
    private(set) var names: [String] = []
    private var spans: [String: SourceSpan] = [:]
    private var used: Set<String> = []

    init(_ thing: String, _ entries: [NamedNode]) {
        self.thing = thing
        for entry in entries {
            names.append(entry.name)
            spans[entry.name] = entry.span
        }
    }

    func contains(_ name: String) -> Bool { spans[name] != nil }

    /// Whether `name` is declared; where not, that is reported.
    ///
    /// The name that was probably meant counts as used: one slip is to be reported once.
    /// `others` are names that are not declared but could have been meant.
    @discardableResult
    func use(_ name: String, at span: SourceSpan, others: Set<String> = [], _ reading: Reading) -> Bool {
        if contains(name) {
            used.insert(name)
            return true
        }
        if reading.isFull { return false }
        let known = names + others.subtracting(names).sorted()
        if let nearest = Suggestion.nearest(to: name, in: known) { used.insert(nearest) }
        reading.error(
            "unknown \(thing) \(quoted(name))", at: span,
            Suggestion.text(for: name, in: known, label: "known \(thing)s"))
        return false
    }

    /// The declared names that nothing refers to, in the order of the file.
    var unused: [Placed<String>] {
        names.filter { !used.contains($0) }.compactMap { name in spans[name].map { Placed(value: name, span: $0) } }
    }
}
