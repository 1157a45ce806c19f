import Conformance
import Foundation
import Testing

/// Each deliberately broken plugin fails the rule that it breaks, and no rule that it keeps.
///
/// Not under sanitizers: they end processes and count memory in their own way.
@Suite(.enabled(if: !SluiceProgram.isSanitized))
struct BreachTests {
    @Test(arguments: Breach.all)
    func failsTheRuleThatItBreaks(_ breach: Breach) throws {
        var options = breach.options
        // The slow rest is looked at where it is what is broken.
        if !options.contains("--only") { options += Self.quickRules.flatMap { ["--only", $0] } }
        let (report, status) = try Report.check("\(breach.file).so", options)
        let failed = report.rules("failed")
        let outcome = breach.isAdvice ? "warned" : "failed"
        #expect(report.rules(outcome).contains(breach.rule), "\(outcome): \(report.rules(outcome).sorted())")
        #expect(report.found(breach.rule).contains(breach.says), "\(report.found(breach.rule))")
        #expect(
            failed.subtracting(breach.also).subtracting([breach.rule]).isEmpty,
            "also failed: \(report.results.filter { failed.contains($0.rule) }.map { "\($0.rule): \($0.found)" })")
        #expect(status == (breach.isAdvice ? 0 : 1))
        #expect(report.conforming == breach.isAdvice)
    }

    private static let quickRules = Set(
        Rule.all.filter { ![.life, .modes, .fuzz].contains($0.group) }.map { rule in
            String(rule.id.prefix { $0 != "." }) + "."
        }
    ).sorted()

    @Test func everyRuleIsBrokenBySomePlugin() {
        let broken = Set(Breach.all.map(\.rule))
        // Two only warn, whatever breaks the next breaks an earlier one, and the last is for who asks for it.
        let others: Set = ["file.other-symbols", "entry.abi-minor", "manners.life", "modes.process"]
        let left = Set(Rule.all.map(\.id)).subtracting(broken).subtracting(others)
        #expect(left.isEmpty, "no plugin breaks \(left.sorted())")
    }

    @Test func everyBrokenPluginIsInTheTable() throws {
        let accepted: Set = [
            "breaches/none", "breaches/later_header", "breaches/exports_more", "broken/future_minor",
            "broken/longer_struct",
            // Broken by its description alone by now, which others are broken by too.
            "broken/missing_id",
        ]
        let files = try ["breaches", "broken"].flatMap { folder in
            try FileManager.default.contentsOfDirectory(atPath: "\(SluiceProgram.plugins)/\(folder)")
                .filter { $0.hasSuffix(".so") }.map { "\(folder)/\($0.dropLast(3))" }
        }
        let left = Set(files).subtracting(Breach.all.map(\.file)).subtracting(accepted)
        #expect(left.isEmpty, "nothing is expected of \(left.sorted())")
    }
}
