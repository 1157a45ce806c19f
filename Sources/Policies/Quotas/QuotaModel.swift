package import Configuration
internal import Synchronization

/// What policy knows of one model: what its requests cost, and what they took so far.
package final class QuotaModel: Sendable {
    /// `nil` is 1.
    package let cost: CostExpression?
    /// Whether anything is counted that only answers tell, so that what they told has to be remembered.
    let isAsked: Bool
    private let bytesOut: Average
    private let tokens: Average
    private let pluginMilliseconds: Average

    /// - Parameters:
    ///   - isAsked: whether anything is counted that only answers tell.
    ///   - previous: the same model before a reload: what its requests took is still known.
    init(cost: CostExpression?, isAsked: Bool = true, previous: QuotaModel? = nil) {
        self.cost = cost
        self.isAsked = isAsked
        bytesOut = previous?.bytesOut ?? Average()
        tokens = previous?.tokens ?? Average()
        pluginMilliseconds = previous?.pluginMilliseconds ?? Average()
    }

    /// The facts of a request before its answer: what only the answer tells is as it was on average of late.
    func guessed(_ facts: QuotaFacts) -> QuotaFacts {
        guard isAsked else { return facts }
        var facts = facts
        facts.bytesOut = bytesOut.value
        facts.tokens = tokens.value
        facts.pluginMilliseconds = pluginMilliseconds.value
        return facts
    }

    /// A request has been answered.
    func note(_ facts: QuotaFacts) {
        bytesOut.note(facts.bytesOut)
        tokens.note(facts.tokens)
        pluginMilliseconds.note(facts.pluginMilliseconds)
    }

    /// A moving average, the latest of eight counting most. Threads that note at the same moment may lose one.
    private final class Average: Sendable {
        private let bits = Atomic<UInt64>(0)

        var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

        func note(_ value: Double) {
            let before = self.value
            let after = before == 0 ? value : before + (value - before) / 8
            bits.store(after.bitPattern, ordering: .relaxed)
        }
    }
}
