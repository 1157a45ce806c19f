internal import ArgumentParser
internal import Configuration

/// `sluice diff`: what is different between two files, by meaning.
struct DiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Say what is different between two gateway.yaml files, by meaning.",
        discussion: """
            Comments, layout, the order of names and defaults that are written out are no differences. Ends with 0 where \
            there is none, with 1 where there is one, with 2 where a file has mistakes.
            """)

    @Argument(help: "The file as it was.")
    var old: String

    @Argument(help: "The file as it is to be.")
    var new: String

    @Option(help: "text or json.")
    var format = CheckCommand.Format.text

    func run() throws {
        guard let before = try checked(old), let after = try checked(new) else { throw ExitCode(2) }
        let changes = ConfigurationChange.all(from: before, to: after)
        switch format {
        case .json: print(ConfigurationChange.json(changes))
        case .text: for change in changes { print(change.text) }
        }
        if !changes.isEmpty { throw ExitCode(1) }
    }

    private func checked(_ path: String) throws -> GatewayConfiguration? {
        let file: ConfigurationFile
        do {
            file = try ConfigurationFile.read(path)
        } catch {
            throw ValidationError("\(error)")
        }
        let outcome = ConfigurationFile.check(file)
        if outcome.configuration == nil { file.report(outcome.diagnostics) }
        return outcome.configuration
    }
}
