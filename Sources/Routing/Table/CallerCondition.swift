internal import Configuration

/// What a route asks of whoever calls.
package struct CallerCondition: Sendable {
    private let consumers: Set<String>
    private let groups: Set<String>
    private let claims: [(path: String, values: TextPatterns)]

    /// `nil` where nobody is asked for.
    init?(_ conditions: RouteConditions) {
        guard conditions.asksWho else { return nil }
        consumers = Set(conditions.consumers)
        groups = Set(conditions.groups)
        claims = conditions.claims.map { ($0.name, TextPatterns($0.patterns)) }
    }

    /// - Parameter claim: what the caller's token says under a path; empty where it says nothing, or there is none.
    package func holds(consumer: String, groups: [String], claim: (String) -> [String]) -> Bool {
        mismatch(consumer: consumer, groups: groups, claim: claim) == nil
    }

    /// What doesn't fit, as a half sentence; `nil` where all does. Values of claims aren't shown.
    package func mismatch(consumer: String, groups: [String], claim: (String) -> [String]) -> String? {
        if !consumers.isEmpty || !self.groups.isEmpty {
            guard consumers.contains(consumer) || groups.contains(where: self.groups.contains) else {
                return "\"\(consumer)\" is none of its consumers and in none of its groups"
            }
        }
        for (path, values) in claims where !claim(path).contains(where: values.match) {
            return "the claim \"\(path)\" isn't \(values.text)"
        }
        return nil
    }
}
