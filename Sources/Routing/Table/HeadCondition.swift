internal import Configuration

/// What a route asks of a request's path and header fields.
package struct HeadCondition: Sendable {
    private let paths: [NamePattern]
    private let fields: [(name: String, values: TextPatterns)]

    /// `nil` where nothing is asked.
    init?(_ conditions: RouteConditions) {
        guard !conditions.paths.isEmpty || !conditions.headers.isEmpty else { return nil }
        paths = conditions.paths.map(NamePattern.init)
        fields = conditions.headers.map { ($0.name, TextPatterns($0.patterns)) }
    }

    package func holds(for request: RouteRequest) -> Bool { mismatch(with: request) == nil }

    /// What doesn't fit, as a half sentence; `nil` where all does.
    package func mismatch(with request: RouteRequest) -> String? {
        if !paths.isEmpty, !paths.contains(where: { $0.matches(request.path) }) {
            return "\"\(request.path)\" isn't \(paths.map { "\"\($0.text)\"" }.joined(separator: " or "))"
        }
        for (name, values) in fields {
            guard let value = request.fields[name] else { return "there is no header field \"\(name)\"" }
            if !values.match(value) { return "the header field \"\(name)\" isn't \(values.text)" }
        }
        return nil
    }
}

/// Patterns of which one must fit.
struct TextPatterns: Sendable {
    private let patterns: [NamePattern]

    init(_ texts: [String]) {
        patterns = texts.map(NamePattern.init)
    }

    func match(_ text: String) -> Bool { patterns.contains { $0.matches(text) } }

    var text: String { patterns.map { "\"\($0.text)\"" }.joined(separator: " or ") }
}
