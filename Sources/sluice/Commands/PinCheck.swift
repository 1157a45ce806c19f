internal import Configuration
internal import PluginHost

extension GatewayConfiguration {
    /// Plugins whose files aren't the ones that their pins name, for `sluice check`: to be told before the gateway is, which
    /// would go on without their models.
    var pinDiagnostics: [Diagnostic] {
        plugins.compactMap { plugin in
            guard let pin = plugin.sha256, let path = plugin.path(in: ConfigurationFile.pluginFinder) else {
                return nil
            }
            let message: String
            do throws(PluginLoadError) {
                let digest = try PluginLibrary.digest(path: path)
                guard digest != pin else { return nil }
                message = "\(path) is not the file that plugin \"\(plugin.name)\" is pinned to: its sha256 is \(digest)"
            } catch {
                message = error.message
            }
            return Diagnostic(
                severity: .error, message: message, location: plugin.location, length: plugin.name.count,
                suggestion: "put the pinned file back, or pin this one if it is what you want")
        }
    }
}

extension PluginConfiguration {
    /// Its file; `nil` where no folder has it.
    func path(in finder: PluginFinder) -> String? {
        switch source {
        case .path(let path): path
        case .name(let name): finder.path(ofPluginNamed: name)
        }
    }
}
