/// Turns the text of a gateway.yaml into validated values, or into every mistake in it at once.
package struct ConfigurationLoader: Sendable {
    /// What the file may refer to outside itself.
    package struct Context: Sendable {
        /// Absolute folder of the file; relative paths start here.
        package var folder: String
        /// Variables that `env:NAME` may name.
        package var environment: [String: String]
        /// Names of plugins that are installed in the plugin folders.
        package var installedPlugins: Set<String>

        package init(folder: String, environment: [String: String], installedPlugins: Set<String>) {
            self.folder = folder
            self.environment = environment
            self.installedPlugins = installedPlugins
        }
    }

    package struct Outcome: Sendable {
        /// `nil` where there is at least one error.
        package var configuration: GatewayConfiguration?
        /// Errors and warnings in the order of the file.
        package var diagnostics: [Diagnostic]
    }

    package init() {}

    /// Reads `text`. Never throws: what is wrong comes back as diagnostics, all at once.
    package func load(_ text: String, context: Context) -> Outcome {
        fatalError("to be written")
    }
}

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

    /// The diagnostic as a compiler shows it: place, message, the line, a caret and the suggestion.
    package func rendered(file: String, source: String) -> String {
        fatalError("to be written")
    }
}
