package import Configuration
internal import Tensors

/// How a route asks a model once more: its settings, compiled, and what all its requests may spend on it.
package struct RetryPolicy: Sendable {
    package let configuration: RetryConfiguration
    package let budget: RetryBudget
    let longestNanoseconds: UInt64
    private let backoffNanoseconds: UInt64

    init(_ configuration: RetryConfiguration, previous: RetryPolicy? = nil) {
        self.configuration = configuration
        longestNanoseconds = configuration.longest.wholeNanoseconds
        backoffNanoseconds = configuration.backoff.wholeNanoseconds
        // A reload in an outage must not fill it up again.
        if let previous, previous.configuration == configuration {
            budget = previous.budget
        } else {
            budget = RetryBudget(percent: configuration.budgetPercent, burst: configuration.burst)
        }
    }

    /// How long to wait before a model is asked again; `nil` where it isn't.
    ///
    /// Any wait up to the longest of its turn is as likely as another ("full jitter"), so that requests which failed
    /// together don't come back together.
    ///
    /// - Parameters:
    ///   - tries: how often the model was asked.
    ///   - chance: from 0 up to 1.
    func wait(after failure: SluiceError, tries: Int, chance: Double) -> UInt64? {
        guard tries < configuration.attempts,
            configuration.when.contains(where: { $0.matches(failure.code) })
        else { return nil }
        let ceiling = min(backoffNanoseconds << UInt64(tries - 1), longestNanoseconds)
        let wait = UInt64(Double(ceiling) * chance)
        guard let asked = failure.retryAfterNanoseconds else { return wait }
        return asked <= longestNanoseconds ? max(wait, asked) : nil
    }
}
