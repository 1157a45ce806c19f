/// What came of one rule.
package struct RuleResult: Sendable, Equatable, Codable {
    package enum Outcome: String, Sendable, Codable, CaseIterable {
        case passed
        /// Allowed, but likely a mistake; fails no check.
        case warned
        case failed
        /// Not looked at; `found` says why.
        case skipped
    }

    /// The rule's name, e.g. `answer.once`.
    package var rule: String
    package var outcome: Outcome
    /// What was expected.
    package var expected: String
    /// What came instead, or why it was skipped; empty where nothing is to be said.
    package var found: String

    package init(rule: String, outcome: Outcome, expected: String, found: String) {
        self.rule = rule
        self.outcome = outcome
        self.expected = expected
        self.found = found
    }
}
