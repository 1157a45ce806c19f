internal import ArgumentParser
internal import PluginHost

/// The command: serves, checks configurations, makes keys.
@main
struct Sluice: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sluice",
        abstract: "The gate in front of every model a team runs.",
        version: sluiceVersion,
        subcommands: [
            ServeCommand.self, CheckCommand.self, ReloadCommand.self, DiffCommand.self, ExplainCommand.self,
            ModelCommand.self, RouteCommand.self, ShadowCommand.self, AdminCommand.self, AuditCommand.self,
            KeyCommand.self, PluginCommand.self,
            SchemaCommand.self, InferCommand.self, BenchCommand.self,
        ])
}
