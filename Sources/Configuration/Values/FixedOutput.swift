/// One tensor of an answer that the file itself gives.
package struct FixedOutput: Sendable, Equatable {
    package var name: String
    package var dataType: ElementType
    /// At least one dimension; none is below 1.
    package var shape: [Int]
    /// The elements row by row, as many as the shape has.
    package var data: [ConfigurationValue]
    package var location: SourceLocation

    package init(
        name: String, dataType: ElementType, shape: [Int], data: [ConfigurationValue], location: SourceLocation
    ) {
        self.name = name
        self.dataType = dataType
        self.shape = shape
        self.data = data
        self.location = location
    }
}
