internal import ArgumentParser
internal import Foundation

/// `sluice plugin new`: a folder with a plugin that builds by one command and can be served at once.
struct NewPluginCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Start a plugin: a folder that builds with `make` and is ready to be served.",
        discussion: "The folder has all that it takes, sluice_plugin.h included; it needs nothing else of Sluice's.")

    @Option(help: "What to write it in: \(PluginTemplate.Language.allCases.map(\.rawValue).joined(separator: ", ")).")
    var language: PluginTemplate.Language

    @Option(help: ArgumentHelp("The folder to make; ./NAME by default.", valueName: "dir"))
    var folder: String?

    @Argument(help: "The plugin's name: a letter, then letters, digits, - and _.")
    var name: String

    func validate() throws {
        if let reason = PluginTemplate.objection(toName: name) {
            throw ValidationError("\"\(name)\" can't be a plugin's name: \(reason)")
        }
    }

    func run() throws {
        let folder = folder ?? name
        let template = PluginTemplate(language: language, name: name)
        do {
            try template.write(to: URL(fileURLWithPath: folder))
        } catch {
            throw ValidationError("can't make \(folder): \(error.reason)")
        }
        print("made \(folder): \(template.files.map(\.name).sorted().joined(separator: ", "))")
        print("next:")
        for step in ["cd \(folder)"] + template.nextSteps { print("  \(step)") }
    }
}

extension PluginTemplate.Language: ExpressibleByArgument {}
