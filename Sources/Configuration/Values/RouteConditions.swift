/// What a route asks of requests besides their model's name and their type of body; what is empty takes all.
package struct RouteConditions: Sendable, Equatable {
    /// A header field or a claim, of which one value must fit one of the patterns.
    package struct Named: Sendable, Equatable {
        package var name: String
        package var patterns: [String]

        package init(_ name: String, _ patterns: [String]) {
            self.name = name
            self.patterns = patterns
        }
    }

    /// One input as it is once the body has been read.
    package struct Input: Sendable, Equatable {
        package var name: String
        /// Names such as `FP32`; empty takes all.
        package var dataTypes: [String] = []
        /// Dimensions, of which those below 0 may be any.
        package var shape: [Int]?
        package var minElements: Int?
        package var maxElements: Int?

        package init(_ name: String) {
            self.name = name
        }
    }

    /// Patterns of the request's path, of which one must fit.
    package var paths: [String] = []
    /// By names in lower case.
    package var headers: [Named] = []
    /// Of the caller's token; a dot leads into a claim.
    package var claims: [Named] = []
    /// The caller must be one of these, or in one of `groups`.
    package var consumers: [String] = []
    package var groups: [String] = []
    package var inputs: [Input] = []

    package init() {}

    package var isEmpty: Bool { paths.isEmpty && headers.isEmpty && !asksWho && inputs.isEmpty }
    /// Whether it depends on who calls.
    package var asksWho: Bool { !claims.isEmpty || !consumers.isEmpty || !groups.isEmpty }
}
