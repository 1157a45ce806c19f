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
        guard configuration.models.contains(where: \.usesMedia),
            let plugin = configuration.plugins.first(where: { $0.name == MediaConfiguration.plugin })
        else { return nil }
        let library = plugin.isolation == .process ? nil : open(plugin)
        return Decoding(
            plugin: plugin, library: library, file: library.map { try? $0.get().sha256 } ?? digest(of: plugin))
    }

    /// Loads all that turns files into a model's inputs, and its outputs into files; or nothing of it.
    func media(of model: ModelConfiguration, _ decoding: Decoding?) throws -> ModelMedia {
        var media = ModelMedia()
        do {
            for input in model.media { media.decoders.append(try decoder(input, of: model, decoding)) }
            for output in model.outputs {
                guard let written = output.media else { continue }
                media.encoders.append(try encoder(output.name, written, of: model, decoding))
            }
        } catch {
            media.shutDown()
            throw error
        }
        return media
    }

    private func encoder(
        _ output: String, _ written: OutputConfiguration.Media, of model: ModelConfiguration, _ decoding: Decoding?
    ) throws -> MediaEncoder {
        guard let decoding else { throw PluginLoadError(.notFound, "there is no plugin \"media\"") }
        let config: ConfigurationValue = .mapping([
            ("output", .string(output)), (written.kind.rawValue, written.settings),
        ])
        var own = ModelConfiguration(
            name: "\(model.name).\(output)", plugin: decoding.plugin.name, config: config, location: written.location)
        own.queue = model.queue
        let instances = try loadInstances(of: own, decoding.plugin, decoding.library, KeptState(), for: .encode)
        do {
            let runtime = try ModelRuntime.running(
                own, instances: instances, metrics: metrics, violation: services.violation)
            return MediaEncoder(output, written.kind, runtime: runtime, description: instances[0].description)
        } catch {
            for instance in instances { instance.unload() }
            throw error
        }
    }

    /// Loads what makes one input of a model: the plugin with the settings that the file has for it, supervised and queued
    /// as a model is.
    private func decoder(
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
