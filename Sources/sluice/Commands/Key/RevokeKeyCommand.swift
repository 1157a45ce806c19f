internal import ArgumentParser
internal import Configuration
internal import Foundation

/// `sluice key revoke`: takes a key out of the file; the next reload refuses it.
struct RevokeKeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Take a key out of a gateway.yaml; from the next reload on it opens nothing.",
        discussion: "Everything else in the file stays as it is written, comments too.")

    @Argument(help: "The key's id.")
    var id: String

    @Argument(help: "The file.")
    var config = "gateway.yaml"

    func run() throws {
        let file = try ConfigurationFile.read(config)
        let text: String
        do {
            text = try KeyRemoval(file.text, context: ConfigurationFile.context(folder: file.folder)).without(id)
        } catch {
            throw ValidationError(error.message)
        }
        // A link is followed, so that the file behind it is the one that changes; a reader sees the old text or the new one.
        let path = URL(fileURLWithPath: config).resolvingSymlinksInPath()
        let mode = try FileManager.default.attributesOfItem(atPath: path.path)[.posixPermissions]
        try Data(text.utf8).write(to: path, options: .atomic)
        if let mode { try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path.path) }
        print("key \"\(id)\" is out of \(config); now let the gateway read it: sluice reload, or SIGHUP")
    }
}
