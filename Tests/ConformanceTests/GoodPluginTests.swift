import Conformance
import Foundation
import Testing

/// Plugins that keep the contract pass every rule that applies to them.
@Suite(.enabled(if: !SluiceProgram.isSanitized))
struct GoodPluginTests {
    struct Good: Sendable, CustomTestStringConvertible {
        var file: String
        var options: [String] = []
        var warnings: Set<String> = []

        var testDescription: String { "\(file) \(options.joined(separator: " "))" }
    }

    static let all: [Good] = [
        Good(file: "breaches/none.so"),
        Good(file: "breaches/none.so", options: ["--config", "{scale: 3}", "--fuzz", "200"]),
        Good(file: "breaches/later_header.so", warnings: ["entry.abi-minor"]),
        Good(file: "breaches/exports_more.so", warnings: ["file.other-symbols"]),
        Good(file: "libsluice_echo.so", options: ["--fuzz", "200"]),
        Good(
            file: "libsluice_echo.so",
            options: [
                "--config",
                "{inputs: [{name: IN, datatype: BYTES, shape: [-1]}, {name: M, datatype: INT8, shape: [2, -1]}]}",
                "--fuzz", "200",
            ]),
        Good(
            file: "libsluice_echo.so",
            options: ["--config", "{inputs: [{datatype: BF16, shape: [4]}], batching: concat, max_batch_rows: 16}"]),
        Good(
            file: "libsluice_onnxruntime.so", options: ["--config", "{file: build/models/iris.onnx}", "--fuzz", "100"]),
        Good(
            file: "libsluice_baseline.so",
            options: ["--config", "{classes: [a, b], priors: [1, 3], input: {shape: [4]}}", "--fuzz", "100"],
            warnings: ["input.wrong-type", "input.wrong-shape"]),
        Good(file: "libsluice_centroid.so", options: ["--config", "{classes: [low, high]}", "--fuzz", "200"]),
        Good(file: "libsluice_stub_faulty.so", warnings: ["input.wrong-type", "input.wrong-shape"]),
        Good(
            file: "libsluice_stub_faulty.so", options: ["--config", "{behaviour: released, batching: list}"],
            warnings: ["input.wrong-type", "input.wrong-shape"]),
        Good(
            file: "libsluice_stub_faulty.so", options: ["--config", "{behaviour: host-memory, datatype: BYTES}"],
            warnings: ["input.wrong-type", "input.wrong-shape"]),
        Good(
            file: "libsluice_stub_faulty.so", options: ["--config", "{behaviour: stream}"],
            warnings: ["input.wrong-type", "input.wrong-shape"]),
    ]

    @Test(arguments: all)
    func passesEveryRule(_ good: Good) throws {
        let (report, status) = try Report.check(good.file, good.options + ["--isolation", "both"])
        let failed = report.results.filter { $0.outcome == "failed" }.map { "\($0.rule): \($0.found)" }
        #expect(failed.isEmpty)
        #expect(report.rules("warned") == good.warnings)
        #expect(status == 0)
        #expect(report.conforming)
        #expect(report.results.map(\.rule) == Rule.all.map(\.id), "every rule is in the report, in order")
        for rule in [
            "answer.once", "answer.outputs", "life.memory", "manners.output", "modes.in-process", "modes.process",
        ] {
            #expect(report.rules("passed").contains(rule), "\(rule): \(report.found(rule))")
        }
    }

    @Test func whatAModelOffersBesidesAnswersIsLookedAt() throws {
        let (report, status) = try Report.check(
            "libsluice_centroid.so",
            ["--config", "{classes: [low, high]}", "--only", "learn", "--only", "state", "--only", "extension"])
        #expect(status == 0)
        for rule in ["learn.once", "state.round-trip", "state.faults", "extension.unknown"] {
            #expect(report.rules("passed").contains(rule), "\(rule): \(report.found(rule))")
        }
    }

    @Test func aModelThatNeedsSettingsIsSkippedWithAHint() throws {
        let (report, status) = try Report.check("libsluice_onnxruntime.so")
        #expect(status == 0)
        #expect(report.found("load.works").contains("config.file is missing"))
        #expect(report.found("load.works").contains("--config"))
        #expect(report.rules("skipped").contains("answer.once"))
    }

    @Test(arguments: [
        ("in-process", "modes.in-process", "modes.process"), ("process", "modes.process", "modes.in-process"),
    ])
    func onlyTheModeAskedForIsLookedAt(isolation: String, asked: String, other: String) throws {
        let (report, status) = try Report.check(
            "libsluice_echo.so", ["--isolation", isolation, "--only", "modes"])
        #expect(status == 0)
        #expect(report.rules("passed").contains(asked), "\(report.found(asked))")
        #expect(report.found(other) == "not asked for: --isolation")
    }

    @Test func theSameSeedSendsTheSameRequests() throws {
        let options = ["--fuzz", "300", "--fuzz-seed", "7", "--only", "fuzz"]
        let first = try Report.check("breaches/none.so", options).0.found("fuzz.requests")
        let second = try Report.check("breaches/none.so", options).0.found("fuzz.requests")
        #expect(first == second)
        #expect(first.hasPrefix("300 requests of seed 7"))
    }
}
