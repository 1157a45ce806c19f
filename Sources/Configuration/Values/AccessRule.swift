/// One rule of who may do what, or may not: it holds where all that it says does.
package struct AccessRule: Sendable, Hashable {
    /// A claim of a token, and what it may say.
    package struct Claim: Sendable, Hashable {
        /// The claim's name; a dot leads into its members.
        package var name: String
        /// One of these, or a list that has one of them.
        package var values: [String]

        package init(name: String, values: [String]) {
            self.name = name
            self.values = values
        }
    }

    /// Patterns of names: those that clients use, for `learn` and `load` those of the file.
    package var models: [String]
    package var operations: Set<AccessOperation>
    /// Names of listeners; empty for all.
    package var listeners: [String] = []
    /// Where callers come from; empty for anywhere.
    package var addresses: [AddressRange] = []
    /// `nil` for always.
    package var hours: AccessHours?
    /// All of these must hold; empty for callers without a token, too.
    package var claims: [Claim] = []
    package var location: SourceLocation

    package init(
        models: [String], operations: Set<AccessOperation> = AccessOperation.standard,
        location: SourceLocation = SourceLocation(line: 1, column: 1)
    ) {
        self.models = models
        self.operations = operations
        self.location = location
    }

    /// Whether it holds for whoever asks, from wherever and whenever.
    package var isUnconditional: Bool {
        listeners.isEmpty && addresses.isEmpty && hours == nil && claims.isEmpty
    }
}
