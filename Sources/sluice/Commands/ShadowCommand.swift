internal import ArgumentParser
internal import Foundation
internal import NIOHTTP1

/// `sluice shadow`: how shadows compare with the models that answer.
struct ShadowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shadow", abstract: "See how shadows compare with the models that answer.",
        subcommands: [ShadowReportCommand.self])
}

/// `sluice shadow report`
struct ShadowReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "A table of all shadows, one line for each of their outputs.",
        discussion: """
            AGREE is the part of the rows with the same top answer, MAX ERROR the largest difference of two numbers, \
            ANSWER and SHADOW the average times. LEFT OUT counts requests for which the shadow had no room.
            """)
    @OptionGroup var options: AdminClient.Options

    func run() async throws {
        let answer = try await AdminClient(options).send(.GET, "/admin/shadows")
        try answer.check()
        let shadows = answer.object["shadows"] as? [[String: Any]] ?? []
        guard !shadows.isEmpty else { return print("no route has a shadow") }
        for line in Self.table(shadows) { print(line) }
    }

    private static let head = [
        "ROUTE", "SHADOW MODEL", "COMPARED", "FAILED", "LEFT OUT", "ANSWER", "SHADOW", "OUTPUT", "ROWS", "AGREE",
        "MAX ERROR",
    ]

    /// Lines of columns that stand below each other.
    static func table(_ shadows: [[String: Any]]) -> [String] {
        var rows = [head]
        for shadow in shadows {
            let count: (String) -> Int = { (shadow[$0] as? NSNumber)?.intValue ?? 0 }
            let leftOut = count("left_out_busy") + count("left_out_memory")
            let left = [
                shadow["route"] as? String ?? "", shadow["model"] as? String ?? "", "\(count("compared"))",
                failures(shadow), "\(leftOut)", time(shadow["answer_milliseconds"]),
                time(shadow["shadow_milliseconds"]),
            ]
            let outputs = shadow["outputs"] as? [[String: Any]] ?? []
            for (index, output) in outputs.enumerated() {
                rows.append((index == 0 ? left : left.map { _ in "" }) + cells(output))
            }
            if outputs.isEmpty { rows.append(left + ["-", "-", "-", "-"]) }
        }
        let widths = head.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
            return String(cells.joined(separator: "  ").reversed().drop { $0 == " " }.reversed())
        }
    }

    private static func cells(_ output: [String: Any]) -> [String] {
        let agreement = (output["agreement"] as? Double).map { String(format: "%.2f%%", $0 * 100) }
        let error =
            (output["max_error"] as? Double).map { String(format: "%.6g", $0) } ?? output["max_error"] as? String
        return [
            output["name"] as? String ?? "", "\((output["rows"] as? NSNumber)?.intValue ?? 0)", agreement ?? "-",
            error ?? "-",
        ]
    }

    private static func failures(_ shadow: [String: Any]) -> String {
        let failures = shadow["failures"] as? [String: Any] ?? [:]
        guard !failures.isEmpty else { return "0" }
        return failures.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    }

    private static func time(_ milliseconds: Any?) -> String {
        (milliseconds as? Double).map { String(format: "%.3f ms", $0) } ?? "-"
    }
}
