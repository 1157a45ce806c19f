internal import ArgumentParser

/// `sluice key`: API keys of consumers and administrators.
struct KeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Make, list and revoke API keys.",
        subcommands: [NewKeyCommand.self, ListKeysCommand.self, RevokeKeyCommand.self])
}
