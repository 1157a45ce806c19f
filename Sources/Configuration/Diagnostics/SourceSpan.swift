/// Some characters of one line of gateway.yaml.
struct SourceSpan: Sendable, Hashable {
    var location: SourceLocation
    /// Characters from `location` on; at least 1.
    var length: Int

    init(_ location: SourceLocation, length: Int = 1) {
        self.location = location
        self.length = max(length, 1)
    }
}
