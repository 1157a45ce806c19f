package import Configuration
internal import Dispatch
package import Logging
package import PluginHost
internal import NIOConcurrencyHelpers
package import Telemetry
internal import Tensors

/// Opens the configured plugins and loads the configured models, different plugins side by side.
package struct ModelLoader: Sendable {
    private let finder: PluginFinder
    private let services: PluginServices
    private let metrics: GatewayMetrics
    private let logger: Logger
    private let folder: String

    /// - Parameter folder: the absolute folder of gateway.yaml; relative paths in model configs start there.
    package init(
        finder: PluginFinder, services: PluginServices, metrics: GatewayMetrics, logger: Logger, folder: String
    ) {
        self.finder = finder
        self.services = services
        self.metrics = metrics
        self.logger = logger
        self.folder = folder
    }

    /// Loads everything. A model that can't be loaded is there too, with the reason; the others serve.
    package func load(_ configuration: GatewayConfiguration) -> [ModelRuntime] {
        let runtimes = NIOLockedValueBox<[String: ModelRuntime]>([:])
        let plugins = configuration.plugins.filter { plugin in
            configuration.models.contains { $0.plugin == plugin.name }
        }
        DispatchQueue.concurrentPerform(iterations: plugins.count) { index in
            let plugin = plugins[index]
            let library = open(plugin)
            for model in configuration.models where model.plugin == plugin.name {
                let runtime = load(model, library: library)
                runtimes.withLockedValue { $0[model.name] = runtime }
            }
        }
        return configuration.models.compactMap { model in runtimes.withLockedValue { $0[model.name] } }
    }

    private func open(_ plugin: PluginConfiguration) -> Result<PluginLibrary, PluginLoadError> {
        let path: String
        switch plugin.source {
        case .path(let given): path = given
        case .name(let name):
            guard let found = finder.path(ofPluginNamed: name) else {
                return .failure(
                    PluginLoadError(
                        .notFound,
                        "no libsluice_\(name).so in any plugin folder (\(finder.folders.joined(separator: ", ")))"))
            }
            path = found
        }
        do {
            let library = try PluginLibrary.open(path: path, sha256: plugin.sha256, services: services)
            logger.info(
                "plugin opened",
                metadata: [
                    "plugin": "\(plugin.name)", "id": "\(library.id)", "version": "\(library.version)",
                    "path": "\(path)",
                ])
            return .success(library)
        } catch {
            logger.error(
                "plugin refused",
                metadata: ["plugin": "\(plugin.name)", "kind": "\(error.kind.rawValue)", "reason": "\(error.message)"])
            return .failure(error)
        }
    }

    private func load(
        _ model: ModelConfiguration, library: Result<PluginLibrary, PluginLoadError>
    ) -> ModelRuntime {
        do {
            let instances = try loadInstances(of: model, library: try library.get())
            let runtime: ModelRuntime
            do {
                runtime = try .running(model, instances: instances, metrics: metrics, violation: services.violation)
            } catch {
                for instance in instances { instance.unload() }
                throw error
            }
            let description = instances[0].description
            if model.cache != nil, !description.isDeterministic {
                logger.warning(
                    "answers are kept though the plugin doesn't declare them repeatable",
                    metadata: ["model": "\(model.name)"])
            }
            logger.info(
                "model loaded",
                metadata: [
                    "model": "\(model.name)", "platform": "\(description.platform)",
                    "inputs": "\(description.signature.inputs.map { "\($0.name) \($0.text)" }.joined(separator: ", "))",
                    "outputs":
                        "\(description.signature.outputs.map { "\($0.name) \($0.text)" }.joined(separator: ", "))",
                ])
            return runtime
        } catch {
            let failure = error as? PluginLoadError ?? PluginLoadError(.loadFailed, "\(error)")
            logger.error(
                "model not loaded",
                metadata: [
                    "model": "\(model.name)", "kind": "\(failure.kind.rawValue)", "reason": "\(failure.message)",
                ])
            return ModelRuntime(configuration: model, state: .failure(failure))
        }
    }

    /// Loads as many copies as the file asks for, all or none.
    private func loadInstances(
        of model: ModelConfiguration, library: PluginLibrary
    ) throws -> [any ModelInstance] {
        var instances: [any ModelInstance] = []
        do {
            for _ in 0..<model.instances {
                let instance = try InProcessModel(
                    library,
                    arguments: InProcessModel.Arguments(
                        model: model.name, version: model.version, folder: folder, configJSON: model.config.json,
                        options: model.config.options),
                    services: services)
                instances.append(instance)
                try instance.warmUp()
            }
        } catch {
            for instance in instances { instance.unload() }
            throw error
        }
        return instances
    }
}
