internal import Foundation

/// What a check of one plugin found, rule by rule.
package struct ConformanceReport: Sendable, Codable {
    /// The file that was checked, as it was named.
    package var file: String
    /// What the plugin calls itself; empty where it never came to say so.
    package var id: String
    package var version: String
    package var results: [RuleResult]

    package init(file: String, id: String = "", version: String = "", results: [RuleResult] = []) {
        self.file = file
        self.id = id
        self.version = version
        self.results = results
    }

    /// Whether no rule failed.
    package var isConforming: Bool { !results.contains { $0.outcome == .failed } }

    /// Whether nothing was even doubted.
    package var isSpotless: Bool { isConforming && count(.warned) == 0 }

    package func count(_ outcome: RuleResult.Outcome) -> Int { results.count { $0.outcome == outcome } }

    /// One line a rule; what failed or was doubted says what was expected and what came.
    package var text: String {
        var lines = ["\(file)\(id.isEmpty ? "" : ": \(id) \(version)")", ""]
        let width = results.map(\.rule.count).max() ?? 0
        for result in results {
            let name = result.rule.padding(toLength: width, withPad: " ", startingAt: 0)
            switch result.outcome {
            case .passed:
                lines.append("  passed   \(name)  \(result.found.isEmpty ? result.expected : result.found)")
            case .skipped: lines.append("  skipped  \(name)  \(result.found)")
            case .warned, .failed:
                let word = result.outcome == .failed ? "FAILED " : "warning"
                lines.append("  \(word)  \(name)  expected: \(result.expected)")
                let indent = String(repeating: " ", count: width + 13)
                for (index, line) in result.found.split(separator: "\n").enumerated() {
                    lines.append("\(indent)\(index == 0 ? "found:   " : "         ") \(line)")
                }
            }
        }
        lines.append("")
        lines.append(summary)
        return lines.joined(separator: "\n") + "\n"
    }

    /// E.g. `51 passed, 0 failed, 1 warning, 9 skipped: this plugin keeps the contract`.
    package var summary: String {
        let warnings = count(.warned)
        let verdict = isConforming ? "this plugin keeps the contract" : "this plugin does not keep the contract"
        return "\(count(.passed)) passed, \(count(.failed)) failed, \(warnings) warning\(warnings == 1 ? "" : "s"), "
            + "\(count(.skipped)) skipped: \(verdict)"
    }

    /// The report for programs: `conforming`, counts and one object a rule.
    package var json: String {
        struct Document: Encodable {
            var file: String
            var id: String
            var version: String
            var conforming: Bool
            var passed: Int
            var failed: Int
            var warned: Int
            var skipped: Int
            var results: [RuleResult]
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let document = Document(
            file: file, id: id, version: version, conforming: isConforming, passed: count(.passed),
            failed: count(.failed), warned: count(.warned), skipped: count(.skipped), results: results)
        // Strings and numbers alone: encoding them can't fail.
        return String(decoding: (try? encoder.encode(document)) ?? Data(), as: UTF8.self) + "\n"
    }
}
