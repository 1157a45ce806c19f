/// A model's `config:` block in a file of its own, for commands that run a plugin without a gateway.
package enum PluginSettings {
    /// What came of reading a block.
    package struct Outcome: Sendable {
        /// `nil` where there is at least one error.
        package var value: ConfigurationValue?
        package var diagnostics: [Diagnostic]
    }

    /// Reads a block in YAML or JSON; of a whole model's entry the block under `config`.
    package static func read(_ text: String, context: ConfigurationLoader.Context) -> Outcome {
        if text.utf8.count > Bounds.fileBytes { return Outcome(value: nil, diagnostics: [.tooLarge]) }
        let reading = Reading(context: context)
        guard let root = DocumentReader(source: SourceText(text), reading: reading).read() else {
            return Outcome(value: nil, diagnostics: reading.sortedDiagnostics)
        }
        var block = root
        if case .mapping(let entries) = root.content {
            if let models = entries.first(where: { $0.key == "models" }), case .mapping = models.value.content {
                reading.error(
                    "this is a gateway.yaml, not one model's settings", at: models.keySpan,
                    "copy the model's `config:` block into a file of its own")
            } else if entries.contains(where: { $0.key == "plugin" }),
                let config = entries.first(where: { $0.key == "config" })
            {
                block = config.value
            }
        }
        let value = ValueType.opaque.read(block, "the configuration", reading)
        return Outcome(value: reading.hasErrors ? nil : value, diagnostics: reading.sortedDiagnostics)
    }
}
