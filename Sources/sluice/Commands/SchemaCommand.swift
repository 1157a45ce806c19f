internal import ArgumentParser
internal import Configuration

/// `sluice schema`: what editors complete and check gateway.yaml by.
struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Print the JSON Schema of gateway.yaml, for editors.",
        discussion: """
            Save it beside the file, and let the file's first line name it:

              # yaml-language-server: $schema=gateway.schema.json

            What it can't say, such as which names must exist, `sluice check` does.
            """)

    func run() { print(ConfigurationSchema.text, terminator: "") }
}
