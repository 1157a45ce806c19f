internal import Configuration
internal import PluginHost
internal import Telemetry

extension ModelLoader {
    /// The plugin that decodes pictures, film and sound, as this configuration has it.
    struct Decoding: Sendable {
        let plugin: PluginConfiguration
        /// `nil` where it only ever runs in processes of its own.
        let library: Result<PluginLibrary, PluginLoadError>?
        let file: String?

        var identity: ModelFingerprint.Decoding { ModelFingerprint.Decoding(plugin: plugin, file: file) }
    }

    /// Finds it, where a model needs it.
    func decoding(_ configuration: GatewayConfiguration) -> Decoding? {
        guard configuration.models.contains(where: { !$0.media.isEmpty }),
            let plugin = configuration.plugins.first(where: { $0.name == MediaConfiguration.plugin })
        else { return nil }
        let library = plugin.isolation == .process ? nil : open(plugin)
        return Decoding(
            plugin: plugin, library: library, file: library.map { try? $0.get().sha256 } ?? digest(of: plugin))
    }

    /// Loads what makes one input of a model: the plugin with the settings that the file has for it, supervised and queued
    /// as a model is.
    func decoder(
        _ media: MediaConfiguration, of model: ModelConfiguration, _ decoding: Decoding?
    ) throws -> MediaDecoder {
        guard let decoding else { throw PluginLoadError(.notFound, "there is no plugin \"media\"") }
        var own = ModelConfiguration(
            name: "\(model.name).\(media.input)", plugin: decoding.plugin.name, config: media.config,
            location: media.location)
        own.queue = model.queue
        let instances = try loadInstances(
            of: own, decoding.plugin, decoding.library, KeptState(), for: .decode)
        do {
            let runtime = try ModelRuntime.running(
                own, instances: instances, metrics: metrics, violation: services.violation)
            return MediaDecoder(
                media, runtime: runtime, description: instances[0].description,
                metrics: metrics.decoding(model: model.name, input: media.input))
        } catch {
            for instance in instances { instance.unload() }
            throw error
        }
    }
}
