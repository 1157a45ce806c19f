/// One file being read: what it may refer to, and what has been found wrong with it so far.
final class Reading {
    let context: ConfigurationLoader.Context
    private var diagnostics: [Diagnostic] = []
    private var ignored: Set<SourceSpan> = []
    private var counts = (errors: 0, warnings: 0)

    init(context: ConfigurationLoader.Context) {
        self.context = context
    }

    var hasErrors: Bool { counts.errors > 0 }

    /// Whether no more errors are kept, so that looking for suggestions would be in vain.
    var isFull: Bool { counts.errors >= Bounds.diagnostics }

    func error(_ message: String, at span: SourceSpan, _ suggestion: String? = nil) {
        guard !ignored.contains(span) else { return }
        counts.errors += 1
        guard counts.errors <= Bounds.diagnostics else { return }
        add(.error, message, span, suggestion)
    }

    /// Says nothing more about a place whose value couldn't be read.
    func ignore(_ span: SourceSpan) {
        ignored.insert(span)
    }

    func warning(_ message: String, at span: SourceSpan, _ suggestion: String? = nil) {
        counts.warnings += 1
        guard counts.warnings <= Bounds.diagnostics else { return }
        add(.warning, message, span, suggestion)
    }

    private func add(_ severity: Diagnostic.Severity, _ message: String, _ span: SourceSpan, _ suggestion: String?) {
        diagnostics.append(
            Diagnostic(
                severity: severity, message: message, location: span.location, length: span.length,
                suggestion: suggestion))
    }

    /// In the order of the file; what an alias repeats is said once.
    var sortedDiagnostics: [Diagnostic] {
        let sorted = diagnostics.enumerated().sorted { left, right in
            let (a, b) = (left.element.location, right.element.location)
            return (a.line, a.column, left.offset) < (b.line, b.column, right.offset)
        }
        var unique: [Diagnostic] = []
        for (_, diagnostic) in sorted where !unique.suffix(8).contains(diagnostic) { unique.append(diagnostic) }
        return unique
    }

    /// `path` as an absolute one; relative paths start at the file's folder.
    func absolutePath(_ path: String) -> String {
        guard !path.hasPrefix("/") else { return path }
        var rest = path[...]
        while rest.hasPrefix("./") { rest = rest.dropFirst(2) }
        return context.folder.hasSuffix("/") ? context.folder + rest : "\(context.folder)/\(rest)"
    }
}
