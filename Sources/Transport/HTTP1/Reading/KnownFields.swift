/// The header fields that a revision of the file gives a meaning, by their names in lower case.
struct KnownFields: Sendable, Equatable {
    /// The one that carries API keys.
    var key: [UInt8]
    /// Those that routes look at.
    var routing: [[UInt8]] = []
}
