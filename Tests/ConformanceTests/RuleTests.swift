import Conformance
import Foundation
import Testing

/// The table of rules, and the page that explains it.
struct RuleTests {
    private static let page = SluiceProgram.root.appendingPathComponent("docs/plugin-check.md")

    @Test func namesAreUniqueAndNeedsComeFirst() {
        var seen: Set<String> = []
        for rule in Rule.all {
            #expect(seen.isSuperset(of: rule.needs), "\(rule.id) needs what comes later")
            #expect(seen.insert(rule.id).inserted, "two rules are named \(rule.id)")
        }
    }

    @Test func thePageListsEveryRuleAsTheCodeDoes() throws {
        let text = try String(contentsOf: Self.page, encoding: .utf8)
        let rows = text.split(separator: "\n").filter { $0.hasPrefix("| `") && $0.contains(".") }
        let listed = rows.compactMap { row -> String? in
            let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard cells.count == 2, cells[0].contains("."), !cells[0].contains(" ") else { return nil }
            return "\(cells[0].trimmingCharacters(in: CharacterSet(charactersIn: "`"))) \(cells[1])"
        }
        let rules = Rule.all.map { "\($0.id) \($0.expectation)" }
        #expect(Set(listed) == Set(rules), "\(Set(listed).symmetricDifference(rules).sorted())")
    }

    @Test func theReportSaysWhatFailedAndHow() {
        let report = ConformanceReport(
            file: "x.so", id: "org.example.x", version: "1",
            results: [
                RuleResult(rule: "a.b", outcome: .passed, expected: "good", found: ""),
                RuleResult(rule: "a.c", outcome: .failed, expected: "better", found: "worse\nand more"),
                RuleResult(rule: "a.dd", outcome: .warned, expected: "best", found: "odd"),
                RuleResult(rule: "a.e", outcome: .skipped, expected: "any", found: "needs a.c"),
            ])
        #expect(
            report.text == """
                x.so: org.example.x 1

                  passed   a.b   good
                  FAILED   a.c   expected: better
                                 found:    worse
                                           and more
                  warning  a.dd  expected: best
                                 found:    odd
                  skipped  a.e   needs a.c

                1 passed, 1 failed, 1 warning, 1 skipped: this plugin does not keep the contract

                """)
        #expect(!report.isConforming)
    }
}
