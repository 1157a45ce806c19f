/// What a model's input may be at most, beyond what the model itself declares.
package struct InputLimits: Sendable, Equatable {
    /// The most of each dimension; below 0 for any.
    package var maxShape: [Int]?
    /// The smallest and the largest number.
    package var least: Double?
    package var most: Double?
    /// Whether every number must be one: no infinity, and nothing that is no number.
    package var isFinite = false
    /// Bytes of UTF-8 in each text.
    package var maxText: Int?
    package var location: SourceLocation

    package init(location: SourceLocation) {
        self.location = location
    }

    package var isEmpty: Bool {
        maxShape == nil && least == nil && most == nil && !isFinite && maxText == nil
    }
}
