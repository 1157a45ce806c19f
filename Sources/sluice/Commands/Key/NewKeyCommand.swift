internal import ArgumentParser
internal import Configuration
internal import Policies
internal import Tensors

/// `sluice key new`: a fresh key for the caller, and the line for gateway.yaml that knows it by its hash.
struct NewKeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Make a key: the caller gets the key, gateway.yaml its hash.",
        discussion: "The key is shown this once and kept nowhere.")

    @Option(help: "The key's name in gateway.yaml: letters, digits, - and dots.")
    var id = "k1"

    @Option(help: "The gateway.yaml that it is for: its pepper is used, and its ids are taken.")
    var config: String?

    @Option(help: "When it expires: 2027-01-01, or a moment in UTC.")
    var expires: String?

    func run() throws {
        let known = try config.map { try ConfigurationFile.load($0).configuration }
        let ids = (known?.consumers.flatMap(\.keys) ?? []).map(\.id) + (known?.admin?.keys ?? []).map(\.id)
        if ids.contains(id) {
            throw ValidationError("there is a key with the id \"\(id)\" already: choose another one")
        }
        if let expires, !ConsumerConfiguration.Key.isDate(expires) {
            throw ValidationError("\"\(expires)\" is not a date: write e.g. 2027-01-01")
        }
        let key: APIKey
        do {
            key = try APIKey.generate(id: id)
        } catch {
            throw ValidationError(error.message)
        }
        let hash = known?.auth.pepper.map { key.digest(with: Pepper($0.bytes)) } ?? key.digest.text
        let end = expires.map { ", expires: \"\($0)\"" } ?? ""
        print("key   \(key.text)")
        print("yaml  keys: [{ id: \(id), hash: \"\(hash)\"\(end) }]")
    }
}
