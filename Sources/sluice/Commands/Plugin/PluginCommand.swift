internal import ArgumentParser

/// `sluice plugin`: everything about plugins that needs no gateway.
struct PluginCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plugin", abstract: "Start, list, inspect, run and check plugins.",
        subcommands: [
            PluginListCommand.self, NewPluginCommand.self, PluginInspectCommand.self, PluginRunCommand.self,
            PluginCheckCommand.self,
            PluginExamineCommand.self,
        ],
        defaultSubcommand: PluginListCommand.self, aliases: ["plugins"])
}
