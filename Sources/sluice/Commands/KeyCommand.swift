internal import ArgumentParser
internal import Policies

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

    @Option(help: "The key's name in gateway.yaml: letters, digits, - and _.")
    var id = "k1"

    func validate() throws {
        guard APIKey.isValid(id: id) else {
            throw ValidationError("--id takes 1 to 32 letters, digits, - and _")
        }
    }

    func run() {
        let key = APIKey.generate(id: id)
        print("key   \(key.text)")
        print("yaml  keys: [{ id: \(id), hash: \"\(key.digest.text)\" }]")
    }
}
