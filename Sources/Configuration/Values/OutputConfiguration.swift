/// What the file adds to one of a model's outputs.
package struct OutputConfiguration: Sendable, Equatable {
    /// What the places along its last axis mean.
    package struct Labels: Sendable, Equatable {
        /// The file as it is named.
        package var file: String
        package var texts: [String]
        package var location: SourceLocation
        /// How long the file's name is, for carets.
        package var length: Int
    }

    /// That it can be answered as a picture or a sound.
    package struct Media: Sendable, Equatable {
        package var kind: MediaConfiguration.Kind
        /// What the plugin is to make of it, a mapping.
        package var settings: ConfigurationValue
        package var location: SourceLocation
    }

    package var name: String
    package var labels: Labels?
    package var media: Media?

    package init(name: String) {
        self.name = name
    }
}

extension ModelConfiguration {
    /// Whether the plugin for pictures and sound works for it.
    package var usesMedia: Bool { !media.isEmpty || outputs.contains { $0.media != nil } }
}
