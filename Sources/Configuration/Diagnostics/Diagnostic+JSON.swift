extension Diagnostic {
    /// A JSON array with one object for each diagnostic, for programs: severity, message, line, column, length and
    /// suggestion, which is null where there is none.
    package static func json(_ diagnostics: [Diagnostic]) -> String {
        let objects = diagnostics.map { diagnostic in
            var json = "{\"severity\":\(JSONText.string(diagnostic.severity.rawValue))"
            json += ",\"message\":\(JSONText.string(diagnostic.message))"
            json += ",\"line\":\(diagnostic.location.line),\"column\":\(diagnostic.location.column)"
            json += ",\"length\":\(diagnostic.length)"
            json += ",\"suggestion\":\(diagnostic.suggestion.map(JSONText.string) ?? "null")}"
            return json
        }
        return "[" + objects.joined(separator: ",") + "]"
    }
}
