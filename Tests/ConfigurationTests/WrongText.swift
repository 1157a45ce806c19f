import Configuration
import Testing

/// A wrong gateway.yaml and everything that is to be said about it.
struct WrongText: CustomTestStringConvertible, Sendable {
    var what: String
    var text: String
    /// `LINE:COLUMN+LENGTH severity: message | suggestion`, in order.
    var findings: [String]

    init(_ what: String, _ text: GatewayText, _ findings: [String]) {
        self.init(what, text.text, findings)
    }

    init(_ what: String, _ text: String, _ findings: [String]) {
        self.what = what
        self.text = text
        self.findings = findings
    }

    var testDescription: String { what }

    /// Loads the text and compares; where nothing but warnings is expected, a configuration must come out.
    func check(sourceLocation: Testing.SourceLocation = #_sourceLocation) {
        let outcome = ConfigurationLoader().load(text, context: .test)
        #expect(outcome.diagnostics.map(\.brief) == findings, sourceLocation: sourceLocation)
        let isWrong = outcome.diagnostics.contains { $0.severity == .error }
        #expect((outcome.configuration == nil) == isWrong, sourceLocation: sourceLocation)
    }
}

extension Diagnostic {
    /// Everything that the diagnostic says, in one line.
    var brief: String {
        let place = "\(location.line):\(location.column)+\(length)"
        return "\(place) \(severity.rawValue): \(message)" + (suggestion.map { " | \($0)" } ?? "")
    }
}
