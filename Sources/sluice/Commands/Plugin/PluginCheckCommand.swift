internal import ArgumentParser
internal import Configuration
internal import Conformance
internal import Foundation
internal import Tensors

/// How a check goes about it; also what the processes that it starts are told.
struct CheckArguments: ParsableArguments {
    @Option(help: ArgumentHelp("How long an answer may take.", valueName: "seconds"))
    var patience = 10.0

    @Option(
        help: ArgumentHelp("How soon a request must be answered once it is cancelled or late.", valueName: "seconds"))
    var stopWithin = 1.0

    @Option(
        help: ArgumentHelp(
            "Also send random and broken requests: so many, or for so long.", valueName: "1000|30s"))
    var fuzz: FuzzLength?

    @Option(help: ArgumentHelp("What random requests are made from; a report names it.", valueName: "number"))
    var fuzzSeed: UInt64 = 1

    @Option(help: ArgumentHelp("The first random request to send.", valueName: "number"))
    var fuzzFirst = 0

    func validate() throws {
        guard patience > 0, patience <= 3600 else { throw ValidationError("--patience takes seconds up to 3600") }
        guard stopWithin > 0, stopWithin <= 3600 else {
            throw ValidationError("--stop-within takes seconds up to 3600")
        }
        guard (0...1_000_000_000).contains(fuzzFirst) else {
            throw ValidationError("--fuzz-first takes 0 to 1000000000")
        }
    }
}

/// `--fuzz`: a count of requests, or a time.
struct FuzzLength: ExpressibleByArgument {
    var cases: Int
    var nanoseconds: UInt64
    var text: String

    init?(argument: String) {
        text = argument
        if argument.hasSuffix("s") {
            guard let seconds = Int(argument.dropLast()), (1...86_400).contains(seconds) else { return nil }
            (cases, nanoseconds) = (1_000_000_000, UInt64(seconds) * 1_000_000_000)
        } else {
            guard let count = Int(argument), (1...1_000_000_000).contains(count) else { return nil }
            (cases, nanoseconds) = (count, 0)
        }
    }

    var defaultValueDescription: String { text }
}

/// Where the plugin's code runs while the gateway's own code serves it.
enum IsolationChoice: String, ExpressibleByArgument, CaseIterable {
    case inProcess = "in-process"
    case process
    case both

    var isolation: Subject.Isolation {
        switch self {
        case .inProcess: .inProcess
        case .process: .process
        case .both: .both
        }
    }
}

/// `sluice plugin check`: runs a plugin through the contract.
struct PluginCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Run a plugin through the contract, rule by rule.",
        discussion: "The plugin runs in processes of its own: it may crash or hang, and the report says in which rule. "
            + "Ends with 1 if a rule failed.")

    @OptionGroup
    var plugin: PluginArguments

    @OptionGroup
    var check: CheckArguments

    @Option(help: "Which of the gateway's ways to serve it is checked as well.")
    var isolation = IsolationChoice.inProcess

    @Option(help: "text or json.")
    var format = CheckCommand.Format.text

    @Option(
        name: .long, parsing: .singleValue,
        help: ArgumentHelp("Only rules whose names begin so, and what they need.", valueName: "rule"))
    var only: [String] = []

    @Flag(help: "End with 1 for warnings too.")
    var strict = false

    func validate() throws {
        for name in only where !Rule.all.contains(where: { $0.id.hasPrefix(name) }) {
            throw ValidationError("no rule begins with \"\(name)\"")
        }
    }

    func run() throws {
        let subject = try Subject(plugin, check, isolation)
        let program = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        let common = self.childArguments(path: subject.path)
        var conformance = ConformanceCheck(subject: subject, program: program) { plan in
            ["plugin", "examine"] + common + ["--rules", plan.rules.joined(separator: ",")]
                + ["--failed", plan.failed.joined(separator: ","), "--skipped", plan.skipped.joined(separator: ",")]
        }
        let report = try conformance.run(only: only)
        FileHandle.standardOutput.write(Data((format == .json ? report.json : report.text).utf8))
        if !report.isConforming || (strict && !report.isSpotless) { throw ExitCode(1) }
    }

    private func childArguments(path: String) -> [String] {
        var arguments = [path]
        if let config = plugin.config { arguments += ["--config", config] }
        for input in plugin.input { arguments += ["--input", input] }
        for param in plugin.param { arguments += ["--param", param] }
        arguments += ["--patience", "\(check.patience)", "--stop-within", "\(check.stopWithin)"]
        if let fuzz = check.fuzz {
            arguments += [
                "--fuzz", fuzz.text, "--fuzz-seed", "\(check.fuzzSeed)", "--fuzz-first", "\(check.fuzzFirst)",
            ]
        }
        return arguments + ["--isolation", isolation.rawValue]
    }
}

/// `sluice plugin examine`: one of the processes that `sluice plugin check` starts.
struct PluginExamineCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "examine", abstract: "Look at rules for `sluice plugin check`, which starts this.",
        shouldDisplay: false)

    @OptionGroup
    var plugin: PluginArguments

    @OptionGroup
    var check: CheckArguments

    @Option(help: .hidden)
    var isolation = IsolationChoice.inProcess

    @Option(help: .hidden)
    var rules: String

    @Option(help: .hidden)
    var failed: String

    @Option(help: .hidden)
    var skipped: String

    func run() throws {
        func names(_ list: String) -> [String] { list.split(separator: ",").map(String.init) }
        var child = ExamChild(
            subject: try Subject(plugin, check, isolation), rules: names(rules), failed: names(failed),
            skipped: names(skipped))
        child.run()
    }
}

extension Subject {
    fileprivate init(_ plugin: PluginArguments, _ check: CheckArguments, _ isolation: IsolationChoice) throws {
        let (configuration, folder) = try plugin.settings()
        self.init(path: try plugin.path(), folder: folder, configuration: configuration)
        if !plugin.input.isEmpty {
            let files = plugin.inputReader
            inputs = { signature in try files.tensors(for: signature) }
            body = try files.body()
        }
        parameters = try plugin.parameters()
        patience = UInt64(check.patience * 1e9)
        stopsWithin = UInt64(check.stopWithin * 1e9)
        self.isolation = isolation.isolation
        if let length = check.fuzz {
            fuzz = Fuzz(
                cases: length.cases, nanoseconds: length.nanoseconds, seed: check.fuzzSeed, first: check.fuzzFirst)
        }
    }
}
