/// A part of a route's requests that goes to another model, and how that part grows.
///
/// Shares are hundredths of a percent: 10000 is everything.
package struct CanaryConfiguration: Sendable, Equatable {
    package struct Step: Sendable, Equatable {
        /// Seconds since 1970.
        package var at: Int64
        package var share: Int

        package init(at: Int64, share: Int) {
            self.at = at
            self.share = share
        }
    }

    /// Every request.
    package static let whole = 10_000

    /// What holds before the first step.
    package var share: Int
    /// In the order of their moments.
    package var schedule: [Step]

    package init(share: Int, schedule: [Step] = []) {
        self.share = share
        self.schedule = schedule
    }
}

/// What keeps requests on the same model of a split.
package enum Stickiness: Sendable, Equatable {
    case consumer
    /// A header field by its name in lower case.
    case header(String)
}
