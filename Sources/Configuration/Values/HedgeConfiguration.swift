/// When a route asks a model a second time while the first try is still under way.
package struct HedgeConfiguration: Sendable, Equatable {
    /// How long the first try is waited for.
    package enum Delay: Sendable, Equatable {
        case fixed(Duration)
        /// As long as so many of 100 answers of the model take.
        case percentile(Int)
    }

    package var after: Delay
    /// How many second tries the route earns with 100 requests that need none.
    package var budgetPercent = 5
    /// Second tries that it may have saved up; it begins with so many.
    package static let burst = 10

    package init(after: Delay) {
        self.after = after
    }
}
