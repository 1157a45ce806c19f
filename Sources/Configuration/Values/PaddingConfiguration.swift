/// How inputs of different sizes are made to fit into one call.
package struct PaddingConfiguration: Sendable, Equatable {
    /// What an input is filled up with, by input name.
    package var fills: [String: Double]
    /// Outputs that are as long as an input, by output name: they are cut back to what the request's input was.
    package var trims: [String: String]

    package init(fills: [String: Double], trims: [String: String]) {
        self.fills = fills
        self.trims = trims
    }
}
