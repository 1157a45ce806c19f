/// One mistake or doubt in a gateway.yaml.
package struct Diagnostic: Sendable, Equatable {
    package enum Severity: String, Sendable {
        case error
        case warning
    }

    package var severity: Severity
    package var message: String
    package var location: SourceLocation
    /// How many characters from `location` on are meant; at least 1.
    package var length: Int
    /// What to write instead, e.g. `did you mean "cls-v1"?`.
    package var suggestion: String?

    package init(
        severity: Severity, message: String, location: SourceLocation, length: Int = 1, suggestion: String? = nil
    ) {
        self.severity = severity
        self.message = message
        self.location = location
        self.length = length
        self.suggestion = suggestion
    }

    /// All of them counted in words, e.g. `2 errors, 1 warning`.
    package static func summary(_ diagnostics: [Diagnostic]) -> String {
        func count(_ severity: Severity) -> String? {
            let count = diagnostics.count { $0.severity == severity }
            return count == 0 ? nil : "\(count) \(severity.rawValue)\(count == 1 ? "" : "s")"
        }
        let parts = [count(.error), count(.warning)].compactMap { $0 }
        return parts.isEmpty ? "no mistakes" : parts.joined(separator: ", ")
    }
}
