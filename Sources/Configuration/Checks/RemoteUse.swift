/// What a file gets wrong about models that live on other servers, and that is known before any of them is asked.
enum RemoteUse {
    private static let plugin = PluginConfiguration.Source.name("remote")

    /// - Parameter models: each with the place where its plugin is named.
    static func check(
        _ models: [Placed<ModelConfiguration>], plugins: [PluginConfiguration], _ reading: Reading
    ) {
        for model in models {
            guard let used = plugins.first(where: { $0.name == model.value.plugin }), used.source == plugin else {
                continue
            }
            let name = "model \(quoted(model.value.name))"
            let isolation = model.value.isolation ?? used.isolation
            if isolation == .process, used.runner.sandbox != .off, used.runner.network == .none {
                reading.error(
                    "\(name) asks other servers, but its process may not use the network", at: model.span,
                    "write plugins: { \(used.name): { grants: { network: any } } }, or isolation: in-process")
            }
            if isKeyWrittenOut(in: model.value.config) {
                reading.error(
                    "\(name): config.key is written out: secrets are named in the file, and kept elsewhere",
                    at: model.span, "write key: env:NAME, or key: file:PATH")
            }
        }
    }

    private static func isKeyWrittenOut(in config: ConfigurationValue) -> Bool {
        guard case .mapping(let entries) = config, let key = entries.first(where: { $0.key == "key" }) else {
            return false
        }
        return switch key.value {
        case .variable, .null: false
        case .string(let text): !text.hasPrefix("file:")
        default: true
        }
    }
}
