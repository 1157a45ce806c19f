internal import ArgumentParser
internal import Policies
internal import Tensors

/// `sluice key`: API keys of consumers.
struct KeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Make API keys.", subcommands: [NewKeyCommand.self])
}

/// `sluice key new`: a fresh key for the caller, and the line for gateway.yaml that knows it by its hash.
struct NewKeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Make a key: the caller gets the key, gateway.yaml its hash.",
        discussion: "The key is shown this once and kept nowhere.")

    @Option(help: "The key's name in gateway.yaml: letters, digits, - and dots.")
    var id = "k1"

    func run() throws {
        let key: APIKey
        do {
            key = try APIKey.generate(id: id)
        } catch {
            throw ValidationError(error.message)
        }
        print("key   \(key.text)")
        print("yaml  keys: [{ id: \(id), hash: \"\(key.digest.text)\" }]")
    }
}
