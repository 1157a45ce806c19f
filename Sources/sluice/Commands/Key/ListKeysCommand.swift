internal import ArgumentParser
internal import Configuration
internal import Tensors

/// `sluice key list`: the keys of a file, by what may be seen of them.
struct ListKeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the keys of a gateway.yaml: whose they are, and until when.",
        discussion: "Keys themselves are nowhere: `begins` is what those made by `sluice key new` start with.")

    @Argument(help: "The file.")
    var config = "gateway.yaml"

    @Option(help: "text or json.")
    var format = CheckCommand.Format.text

    func run() throws {
        let configuration = try ConfigurationFile.load(config).configuration
        let now = Int64(WallClock.secondsSince1970)
        var rows: [[(name: String, text: String)]] = []
        let owners =
            configuration.consumers.map { ($0.name, $0.keys) } + [("(admin)", configuration.admin?.keys ?? [])]
        for (owner, keys) in owners {
            for key in keys {
                rows.append([
                    ("id", key.id), ("owner", owner), ("begins", "slk_\(key.id)_"),
                    ("hash", "\(key.scheme.rawValue)\(key.sha256.prefix(12))…"), ("expires", key.expiryText),
                    ("state", key.expires.map { $0 <= now } == true ? "expired" : "live"),
                ])
            }
        }
        switch format {
        case .json:
            let items = rows.map { row in
                ConfigurationValue.mapping(row.map { (key: $0.name, value: .string($0.text)) })
            }
            print(ConfigurationValue.list(items).json)
        case .text:
            let table = [["id", "owner", "begins", "hash", "expires", "state"]] + rows.map { $0.map(\.text) }
            let widths = table[0].indices.map { column in table.map { $0[column].count }.max() ?? 0 }
            for row in table {
                let cells = zip(row, widths).map { text, width in
                    text + String(repeating: " ", count: width - text.count)
                }
                let line = cells.joined(separator: "  ")
                print(
                    line.prefix(
                        line.lastIndex { $0 != " " }.map { line.distance(from: line.startIndex, to: $0) + 1 } ?? 0))
            }
        }
    }
}
