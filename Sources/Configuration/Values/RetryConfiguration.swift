/// When a route asks a model once more that has failed.
package struct RetryConfiguration: Sendable, Equatable {
    /// Tries with one model at most, the first one included.
    package var attempts = 2
    /// After which failures.
    package var when: Set<RouteConfiguration.FallbackCondition> = [.failed, .overloaded]
    /// The longest wait before the second try; each further one may be twice as long.
    package var backoff: Duration = .milliseconds(20)
    /// What no wait is longer than.
    package var longest: Duration = .seconds(1)
    /// How many retries the route earns with 100 requests that need none.
    package var budgetPercent = 10
    /// Retries that it may have saved up; it begins with so many.
    package var burst = 10

    package init() {}
}
