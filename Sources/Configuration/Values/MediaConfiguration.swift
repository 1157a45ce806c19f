/// How one of a model's inputs is made of pictures, film or sound.
package struct MediaConfiguration: Sendable, Equatable {
    /// What can be sent.
    package enum Kind: String, Sendable, CaseIterable {
        case image
        case video
        case audio
    }

    /// The plugin that makes it.
    package static let plugin = "media"

    package var input: String
    /// What the plugin is to make of bodies, a mapping with a key for each kind.
    package var settings: ConfigurationValue
    package var location: SourceLocation

    package init(input: String, settings: ConfigurationValue, location: SourceLocation) {
        self.input = input
        self.settings = settings
        self.location = location
    }

    /// What can be sent for the input. Where there is film there are pictures: both become the same.
    package var kinds: [Kind] {
        guard case .mapping(let entries) = settings else { return [] }
        let named = Set(entries.compactMap { Kind(rawValue: $0.key) })
        return Kind.allCases.filter { named.contains($0) || $0 == .image && named.contains(.video) }
    }

    /// The whole of what the plugin is configured with.
    package var config: ConfigurationValue {
        guard case .mapping(let entries) = settings else { return settings }
        return .mapping([("input", .string(input))] + entries)
    }
}
