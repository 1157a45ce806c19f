/// `routes.retry`.
enum RetryBlock {
    static let attempts = Key.optional(
        "attempts", ValueType.integer(2...5, example: "2"), default: "2",
        "Tries with one model at most, the first one included.")
    static let when = Key.optional(
        "when", ValueType<RouteConfiguration.FallbackCondition>.choice.placed.oneOrList(),
        default: "[failed, overloaded]",
        "After which failures; the words are those of [`routes.fallback`](#routesfallback).")
    static let backoff = Key.optional(
        "backoff", ValueType.wait(example: "20ms").placed, default: "20ms",
        "The longest wait before the second try, and twice as long before each further one; how much of it is chance.")
    static let longest = Key.optional(
        "longest", ValueType.wait(example: "1s").placed, default: "1s, or `backoff` where that is longer",
        "What no wait is longer than; a model that asks for more patience isn't tried again.")
    static let budget = Key.optional(
        "budget", ValueType.percent(1...100, example: "10%"), default: "10%",
        "Retries that the route earns, as a share of its requests that need none.")
    static let burst = Key.optional(
        "burst", ValueType.integer(1...10_000, example: "10"), default: "10",
        "Retries that it may have saved up; it begins with so many.")

    static let block = Block(
        "routes.retry",
        [
            attempts.description, when.description, backoff.description, longest.description, budget.description,
            burst.description,
        ])

    static func read(_ node: YAMLNode, span: SourceSpan, _ reading: Reading) -> RetryConfiguration? {
        guard let reader = MappingReader(node, block, name: "retry", span: span, reading) else { return nil }
        var retry = RetryConfiguration()
        if let attempts = reader.value(attempts) { retry.attempts = attempts }
        if let conditions = reader.value(when) { retry.when = readConditions(conditions, reading) }
        if let backoff = reader.value(backoff) { retry.backoff = backoff.value }
        retry.longest = max(retry.longest, retry.backoff)
        if let longest = reader.value(longest) {
            if longest.value < retry.backoff {
                reading.error(
                    "longest is \(DurationText.text(longest.value)), but backoff is \(DurationText.text(retry.backoff))",
                    at: longest.span, "no wait can be longer than the longest")
            }
            retry.longest = longest.value
        }
        if let budget = reader.value(budget) { retry.budgetPercent = budget }
        if let burst = reader.value(burst) { retry.burst = burst }
        return retry
    }

    private static func readConditions(
        _ conditions: [Placed<RouteConfiguration.FallbackCondition>], _ reading: Reading
    ) -> Set<RouteConfiguration.FallbackCondition> {
        var known: Set<RouteConfiguration.FallbackCondition> = []
        for condition in conditions {
            if let reason = condition.value.reasonAgainstRetry {
                reading.error(
                    "retry can't be after \(condition.value.rawValue): \(reason)", at: condition.span,
                    "write a fallback for it")
            }
            if !known.insert(condition.value).inserted {
                reading.error("when names \(condition.value.rawValue) twice", at: condition.span)
            }
        }
        return known
    }
}

extension RouteConfiguration.FallbackCondition {
    /// Why asking the same model again is of no use; `nil` where it may be.
    fileprivate var reasonAgainstRetry: String? {
        switch self {
        case .breakerOpen: "the breaker would refuse it again"
        case .quota: "the quota would refuse it again"
        case .serverError, .failed, .timeout, .overloaded, .any: nil
        }
    }
}
