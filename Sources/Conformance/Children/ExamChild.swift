internal import CSluicePlugin
internal import Foundation
internal import Glibc

/// The process in which the plugin runs: it looks at rules one after the other and says what it finds, until it is done
/// or the plugin has ended it.
package struct ExamChild {
    private let subject: Subject
    private let rules: [Rule]
    private var failed: Set<String>
    private var skipped: Set<String>

    /// - Parameters:
    ///   - rules: names of the rules to look at, in order.
    ///   - failed: names of rules that failed before.
    ///   - skipped: names of rules that were skipped before.
    package init(subject: Subject, rules: [String], failed: [String], skipped: [String]) {
        self.subject = subject
        self.rules = rules.compactMap(Rule.named)
        self.failed = Set(failed)
        self.skipped = Set(skipped)
    }

    /// Looks at them all and ends the process.
    package mutating func run() -> Never {
        var limit = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
        guard let progress = Progress(descriptor: ExamEvent.progressDescriptor) else { _exit(70) }
        let exam = Examination(subject: subject, progress: progress)
        for rule in rules {
            say(ExamEvent(began: rule.id))
            progress.step("")
            exam.failed = failed
            let verdict = verdict(of: rule, exam)
            if rule.id == Rule.settledByEnd, case .passed = verdict { exit(0) }
            let result = rule.result(verdict)
            if result.outcome == .failed || rule.isAdvice && result.outcome == .warned { failed.insert(rule.id) }
            if result.outcome == .skipped { skipped.insert(rule.id) }
            say(ExamEvent(result: result))
            if rule.id == "entry.texts", let plugin = try? exam.plugin() {
                say(ExamEvent(id: plugin.text(\.id) ?? "", version: plugin.text(\.version) ?? ""))
            }
            // What a stuck request may still do would be blamed on the rules that follow.
            if exam.isStuck { _exit(0) }
        }
        _exit(0)
    }

    private func verdict(of rule: Rule, _ exam: Examination) -> Rule.Verdict {
        if let need = rule.needs.first(where: { failed.contains($0) || skipped.contains($0) }) {
            return .skipped("needs \(need)")
        }
        do {
            return try rule.look(exam)
        } catch let settled as Settled {
            return settled.verdict
        } catch {
            return .failed("\(error)")
        }
    }

    private func say(_ event: ExamEvent) {
        guard var line = try? JSONEncoder().encode(event) else { return }
        line.append(0x0A)
        line.withUnsafeBytes { bytes in
            var sent = 0
            while sent < bytes.count {
                let count = write(ExamEvent.descriptor, bytes.baseAddress! + sent, bytes.count - sent)
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { _exit(71) }
                sent += count
            }
        }
    }
}
