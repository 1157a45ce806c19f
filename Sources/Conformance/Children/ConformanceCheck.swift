internal import Foundation

/// Looks at all rules, in processes of their own that a plugin may crash, hang or end.
package struct ConformanceCheck {
    private let subject: Subject
    private let program: String
    /// What makes the program look at rules.
    private let arguments: (Plan) -> [String]
    private var report: ConformanceReport

    /// - Parameters:
    ///   - program: the executable that becomes an `ExamChild` when it is started with `arguments`.
    ///   - arguments: how the plan is told to it.
    package init(subject: Subject, program: String, arguments: @escaping (Plan) -> [String]) {
        self.subject = subject
        self.program = program
        self.arguments = arguments
        report = ConformanceReport(file: subject.path)
    }

    /// What one process is to do, by the names of rules.
    package struct Plan: Sendable {
        package var rules: [String]
        package var failed: [String]
        package var skipped: [String]
    }

    /// - Parameter only: names of rules, or beginnings of them; everything else is left out but for what these need.
    package mutating func run(only: [String] = []) throws(ChildFailure) -> ConformanceReport {
        let chosen = Self.chosen(only)
        for groups in [[.file, .contract], [.life], [.manners], [.modes], [.fuzz]] as [[Rule.Group]] {
            try look(at: Rule.all.filter { groups.contains($0.group) && chosen.contains($0.id) })
        }
        return report
    }

    /// The rules that begin so, and what they need.
    private static func chosen(_ only: [String]) -> Set<String> {
        var chosen = Set(
            Rule.all.map(\.id).filter { id in only.isEmpty || only.contains { id.hasPrefix($0) } })
        // Needs stand before what needs them.
        for rule in Rule.all.reversed() where chosen.contains(rule.id) { chosen.formUnion(rule.needs) }
        return chosen
    }

    private func names(_ outcome: RuleResult.Outcome) -> [String] {
        report.results.filter { $0.outcome == outcome }.map(\.rule)
    }

    private mutating func look(at rules: [Rule]) throws(ChildFailure) {
        var left = rules
        while !left.isEmpty {
            // What can only be skipped needs no process.
            let known = Set(names(.failed) + names(.skipped))
            if let need = left[0].needs.first(where: known.contains) {
                report.results.append(left.removeFirst().result(.skipped("needs \(need)")))
                continue
            }
            if subject.fuzz == nil, left[0].group == .fuzz {
                report.results.append(left.removeFirst().result(.skipped("not asked for: --fuzz")))
                continue
            }
            try lookInProcess(&left)
        }
    }

    private func plan(_ rules: [Rule]) -> Plan {
        let doubted = Rule.all.filter(\.isAdvice).map(\.id).filter(names(.warned).contains)
        return Plan(rules: rules.map(\.id), failed: names(.failed) + doubted, skipped: names(.skipped))
    }

    /// Looks at as many as one process lives for; at least one.
    private mutating func lookInProcess(_ left: inout [Rule]) throws(ChildFailure) {
        var child = try ChildProcess(program: program, arguments: arguments(plan(left)))
        defer { child.closeFiles() }
        var current: Rule?
        // A plugin runs before `main` only from `dlopen` on; starting the program itself takes no patience.
        var deadline = Date().addingTimeInterval(60)
        while true {
            let (event, isLate) = child.next(until: deadline)
            if isLate {
                child.kill()
                _ = child.wait(until: deadline)
                return blame(current, &left, "no end after \(Int(seconds(current))) s", child)
            }
            guard let event else { break }
            if let id = event.id { (report.id, report.version) = (id, event.version ?? "") }
            if let began = event.began {
                current = left.first { $0.id == began }
                deadline = Date().addingTimeInterval(seconds(current))
            }
            if let result = event.result {
                report.results.append(result)
                left.removeAll { $0.id == result.rule }
                current = nil
                deadline = Date().addingTimeInterval(60)
            }
        }
        let end = child.wait(until: Date().addingTimeInterval(Double(subject.patience) / 1e9 + 5))
        guard let rule = current else {
            // It ended between two rules, as it does when a request is stuck; with none done that is the kit's fault.
            if end != .exited(0), let rule = left.first {
                return blame(rule, &left, "before it could be looked at, \(end?.text ?? "the process hung")", child)
            }
            return
        }
        if rule.id == Rule.settledByEnd, end == .exited(0) {
            report.results.append(rule.result(.passed()))
            left.removeAll { $0.id == rule.id }
            return
        }
        blame(rule, &left, end?.text ?? "the process did not end by itself", child)
    }

    private func seconds(_ rule: Rule?) -> Double {
        let fuzz = rule?.group == .fuzz ? Double(subject.fuzz?.nanoseconds ?? 0) / 1e9 : 0
        // Without a time, cases are counted, and each has its own patience.
        let unlimited = rule?.group == .fuzz && subject.fuzz?.nanoseconds == 0 ? 3600.0 : 0
        return Double(rule?.budget ?? 3) * Double(subject.patience) / 1e9 + fuzz + unlimited
    }

    private mutating func blame(_ rule: Rule?, _ left: inout [Rule], _ what: String, _ child: ChildProcess) {
        guard let rule = rule ?? left.first else { return }
        var found = what
        let step = child.step
        if !step.isEmpty { found += ", \(step)" }
        let words = child.lastWords
        if !words.isEmpty { found += "\n\(words)" }
        report.results.append(rule.result(.failed(found)))
        left.removeAll { $0.id == rule.id }
    }
}
