internal import ArgumentParser
internal import Conformance
internal import Foundation
internal import PluginHost

/// `sluice plugin inspect`: what a shared object is, and the lines for gateway.yaml.
struct PluginInspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Say what a plugin is, and print the lines for gateway.yaml.",
        discussion: "Calls the plugin's entry function and nothing else of it.")

    @Argument(help: "The shared object, or the name of an installed plugin.")
    var plugin: String

    @Option(help: "text or json.")
    var format = CheckCommand.Format.text

    func run() throws {
        var arguments = PluginArguments()
        arguments.plugin = plugin
        let path = try arguments.path()
        let inspection: PluginInspection
        do {
            let file = try ElfFile(path: path)
            let digest = try PluginLibrary.digest(path: path)
            // Opened by its pin: what is described is the very file that was read.
            let library = try PluginLibrary.open(path: path, sha256: digest, services: .silent)
            inspection = PluginInspection(path: path, file: file, digest: digest, library: library)
        } catch let fault as ElfFile.Fault {
            throw CommandFailure("\(path): \(fault.message)")
        } catch let error as PluginLoadError {
            throw CommandFailure(error.message)
        }
        print(format == .json ? inspection.json : inspection.text)
    }
}

/// What can be said of a plugin without loading a model.
struct PluginInspection: Encodable {
    var path: String
    var id: String
    var version: String
    var summary: String
    var abi: String
    var symbol = "sluice_plugin_v1"
    var functions: [String]
    var contentTypes: [String]
    var dependencies: [String]
    var otherSymbols: [String]
    var sha256: String
    var yaml: String

    init(path: String, file: ElfFile, digest: String, library: PluginLibrary) {
        self.path = path
        id = library.id
        version = library.version
        summary = library.summary
        abi = "1.\(library.abiMinor)"
        functions = library.functionNames
        contentTypes = library.contentTypes
        dependencies = file.dependencies
        otherSymbols = file.exports.filter { $0.name != "sluice_plugin_v1" && !$0.isWeak }.map(\.name)
        sha256 = digest
        let name = Self.name(path: path, id: id)
        yaml = """
            plugins:
              \(name): { path: "\(path)", sha256: "\(digest)" }
            """
        if functions.contains("infer") {
            yaml += "\nmodels:\n  my-\(name): { plugin: \(name), config: {} }"
        }
    }

    /// `libsluice_iris.so` is `iris`; any other file is named by the last word of the plugin's id.
    private static func name(path: String, id: String) -> String {
        let file = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
        let name =
            file.hasPrefix("libsluice_") ? String(file.dropFirst(10)) : id.split(separator: ".").last.map(String.init)
        let plain = (name ?? "plugin").lowercased().map { $0.isLetter || $0.isNumber ? $0 : "-" }
        return String(plain)
    }

    var text: String {
        func line(_ name: String, _ value: String) -> String {
            name.padding(toLength: 14, withPad: " ", startingAt: 0) + (value.isEmpty ? "none" : value)
        }
        return [
            line("id", id), line("version", version), line("summary", summary), line("ABI", abi),
            line("symbol", symbol), line("functions", functions.joined(separator: ", ")),
            line("content types", contentTypes.joined(separator: ", ")),
            line("needs", dependencies.joined(separator: ", ")),
            line("other symbols", otherSymbols.prefix(20).joined(separator: ", ")), line("sha256", sha256), "",
            "For gateway.yaml:", "", yaml,
        ].joined(separator: "\n")
    }

    var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: (try? encoder.encode(self)) ?? Data(), as: UTF8.self)
    }
}

extension PluginServices {
    /// For commands in which nobody reads what a plugin logs.
    static var silent: PluginServices {
        PluginServices(
            logLevel: .error, log: { _, _, _ in }, metric: { _, _, _, _ in 1 }, observe: { _, _ in },
            violation: { _, _, _ in })
    }

    /// For commands that a person watches: log lines and broken promises go to the standard error.
    static var watched: PluginServices {
        PluginServices(
            logLevel: .info, log: { _, _, message in FileHandle.standardError.write(Data("\(message)\n".utf8)) },
            metric: { _, _, _, _ in 1 }, observe: { _, _ in },
            violation: { _, _, reason in
                FileHandle.standardError.write(Data("the plugin broke the contract: \(reason)\n".utf8))
            })
    }
}
