/// One thing that the contract asks of a plugin, and how it is looked at.
package struct Rule: Sendable {
    /// Rules of one group are looked at in one process, so that they see what earlier ones left behind.
    package enum Group: String, Sendable, CaseIterable {
        /// The file itself; none of its code runs.
        case file
        /// Entry, loading, describing, answering: in the order in which a host does it.
        case contract
        /// What a whole life leaves behind: memory, threads, descriptors.
        case life
        /// What a plugin must leave alone in its process.
        case manners
        /// Served by the gateway's own code, in this process and in one of its own.
        case modes
        /// Random requests; only where asked for.
        case fuzz
    }

    /// What came of looking.
    enum Verdict: Equatable {
        /// With what is worth knowing, or nothing.
        case passed(String = "")
        case warned(String)
        case failed(String)
        case skipped(String)
    }

    /// E.g. `answer.once`: stable, so that a report can be searched for it.
    package let id: String
    package let group: Group
    /// What is expected, as the report and `docs/plugin-check.md` say it.
    package let expectation: String
    /// Rules without which this one means nothing.
    package let needs: [String]
    /// Whether a breach is advised against and no more: the gateway sees to it that it can't happen.
    package let isAdvice: Bool
    /// How many times the patience the whole rule may take before its process is ended as hanging.
    let budget: Int
    let look: @Sendable (Examination) throws -> Verdict

    init(
        _ id: String, _ group: Group, _ expectation: String, needs: [String] = [], isAdvice: Bool = false,
        budget: Int = 3,
        look: @escaping @Sendable (Examination) throws -> Verdict
    ) {
        self.id = id
        self.group = group
        self.expectation = expectation
        self.needs = needs
        self.isAdvice = isAdvice
        self.budget = budget
        self.look = look
    }

    func result(_ verdict: Verdict) -> RuleResult {
        switch verdict {
        case .passed(let note): RuleResult(rule: id, outcome: .passed, expected: expectation, found: note)
        case .warned(let found): RuleResult(rule: id, outcome: .warned, expected: expectation, found: found)
        case .failed(let found):
            RuleResult(rule: id, outcome: isAdvice ? .warned : .failed, expected: expectation, found: found)
        case .skipped(let found): RuleResult(rule: id, outcome: .skipped, expected: expectation, found: found)
        }
    }
}

/// Ends looking at a rule from within, with a verdict.
struct Settled: Error {
    var verdict: Rule.Verdict

    static func failed(_ found: String) -> Settled { Settled(verdict: .failed(found)) }
    static func skipped(_ reason: String) -> Settled { Settled(verdict: .skipped(reason)) }
}

extension Rule {
    /// Every rule, in the order in which they are looked at.
    package static let all: [Rule] =
        fileRules + entryRules + loadRules + describeRules + answerRules + inputRules + outputRules + batchRules
        + concurrencyRules + offeredRules + codecRules + hostRules + endRules + lifeRules + mannersRules + modeRules
        + fuzzRules

    package static func named(_ id: String) -> Rule? { all.first { $0.id == id } }
}
