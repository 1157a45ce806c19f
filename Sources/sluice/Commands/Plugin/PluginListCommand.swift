internal import ArgumentParser
internal import PluginHost

/// `sluice plugin list`: which plugins are installed.
struct PluginListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the plugins that are installed, and where they were looked for.")

    func run() {
        let finder = ConfigurationFile.pluginFinder
        for name in finder.installedPlugins().sorted() {
            print("\(name)  \(finder.path(ofPluginNamed: name) ?? "")")
        }
        print("looked in \(finder.folders.joined(separator: ", "))")
    }
}
