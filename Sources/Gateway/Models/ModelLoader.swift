internal import Codecs
package import Configuration
internal import Dispatch
internal import Foundation
package import Logging
package import PluginHost
internal import NIOConcurrencyHelpers
internal import Policies
package import Telemetry
internal import Tensors

/// Opens the configured plugins and loads the configured models, different plugins side by side.
package struct ModelLoader: Sendable {
    private let finder: PluginFinder
    private let libraries: PluginLibraries
    let services: PluginServices
    let metrics: GatewayMetrics
    let logger: Logger
    let folder: String
    private let runners: RunnerFinder
    private let memoryCaps: MemoryCaps
    /// What states of models are encrypted with.
    let sealing = SealingInUse()

    /// - Parameter folder: the absolute folder of gateway.yaml; relative paths in model configs start there.
    package init(
        finder: PluginFinder, runners: RunnerFinder, services: PluginServices, metrics: GatewayMetrics,
        logger: Logger, folder: String
    ) {
        self.finder = finder
        self.runners = runners
        self.libraries = PluginLibraries(services: services)
        self.services = services
        self.metrics = metrics
        self.logger = logger
        self.folder = folder
        self.memoryCaps = MemoryCaps(logger: logger)
    }

    /// The configuration's models, in its order: those of `old` that are still what is asked for, the others loaded.
    ///
    /// A model that can't be loaded is there too, with the reason. May take as long as the slowest plugin's models.
    /// - Parameters:
    ///   - renewed: models that are loaded anew in any case.
    ///   - only: the models that may change; all others stay as they are. `nil` where all may.
    func provision(
        _ configuration: GatewayConfiguration, keeping old: [ProvisionedModel] = [], renewing renewed: Set<String> = [],
        only: Set<String>? = nil
    ) -> [ProvisionedModel] {
        let known = Dictionary(old.map { ($0.runtime.name, $0) }, uniquingKeysWith: { first, _ in first })
        let provisioned = NIOLockedValueBox<[String: ProvisionedModel]>([:])
        let plugins = configuration.plugins.filter { plugin in
            configuration.models.contains { $0.plugin == plugin.name }
        }
        let decoding = decoding(configuration)
        DispatchQueue.concurrentPerform(iterations: plugins.count) { index in
            let plugin = plugins[index]
            let models = configuration.models.filter { $0.plugin == plugin.name }
            // A plugin that only ever runs in processes of its own never gets into this one.
            let isIsolated = models.allSatisfy { $0.runs(plugin) == .process }
            let library: Result<PluginLibrary, PluginLoadError>? = isIsolated ? nil : open(plugin)
            let file = library.map { try? $0.get().sha256 } ?? digest(of: plugin)
            for model in models {
                if let only, !only.contains(model.name), let known = known[model.name] {
                    provisioned.withLockedValue { $0[model.name] = known.kept }
                    continue
                }
                let fingerprint = ModelFingerprint(
                    model, plugin: plugin, library: file, decoding: model.usesMedia ? decoding?.identity : nil,
                    folder: folder)
                let next: ProvisionedModel
                if let known = known[model.name], known.canStay(fingerprint), !renewed.contains(model.name) {
                    next = known.kept
                } else {
                    let runtime = load(
                        model, plugin, library, decoding, after: known[model.name]?.runtime,
                        sealing: sealing.keys(of: configuration))
                    next = ProvisionedModel(runtime: runtime, fingerprint: fingerprint, isNew: true)
                }
                provisioned.withLockedValue { $0[model.name] = next }
            }
        }
        var all = provisioned.withLockedValue { $0 }
        addPipelines(of: configuration, to: &all, keeping: known, renewing: renewed, decoding)
        return configuration.models.compactMap { all[$0.name] }
    }

    func path(of plugin: PluginConfiguration) throws(PluginLoadError) -> String {
        switch plugin.source {
        case .path(let given): return given
        case .name(let name):
            if let found = finder.path(ofPluginNamed: name) { return found }
            throw PluginLoadError(
                .notFound, "no libsluice_\(name).so in any plugin folder (\(finder.folders.joined(separator: ", ")))")
        }
    }

    /// The SHA-256 of a plugin that isn't opened here.
    func digest(of plugin: PluginConfiguration) -> String? {
        guard let path = try? path(of: plugin) else { return nil }
        return try? PluginLibrary.digest(path: path)
    }

    func open(_ plugin: PluginConfiguration) -> Result<PluginLibrary, PluginLoadError> {
        do {
            let path = try path(of: plugin)
            let (library, isNew) = try libraries.open(path: path, sha256: plugin.sha256)
            if isNew {
                logger.info(
                    "plugin opened",
                    metadata: [
                        "plugin": "\(plugin.name)", "id": "\(library.id)", "version": "\(library.version)",
                        "path": "\(path)", "sha256": "\(library.sha256)",
                    ])
            }
            return .success(library)
        } catch {
            logger.error(
                "plugin refused",
                metadata: ["plugin": "\(plugin.name)", "kind": "\(error.kind.rawValue)", "reason": "\(error.message)"])
            return .failure(error)
        }
    }

    private func load(
        _ model: ModelConfiguration, _ plugin: PluginConfiguration,
        _ library: Result<PluginLibrary, PluginLoadError>?, _ decoding: Decoding?, after previous: ModelRuntime?,
        sealing: SealingKeys?
    ) -> ModelRuntime {
        do {
            let tokenizer = try WordPiece(model.tokenizer, folder: folder)
            let state = try state(of: model, after: previous, sealing: sealing)
            let instances = try loadInstances(of: model, plugin, library, state)
            var media = ModelMedia()
            let runtime: ModelRuntime
            do {
                media = try self.media(of: model, decoding)
                runtime = try .running(
                    model, instances: instances, tokenizer: tokenizer, media: media, metrics: metrics,
                    state: state, violation: services.violation)
                try runtime.loaded.map { loaded throws(PluginLoadError) in
                    try SelfTest(model, signature: loaded.signature).run(on: loaded.instances)
                }
            } catch {
                for instance in instances { free(instance, of: model) }
                media.shutDown()
                throw error
            }
            let description = instances[0].description
            if model.cache != nil, !description.isDeterministic {
                logger.warning(
                    "answers are kept though the plugin doesn't declare them repeatable",
                    metadata: ["model": "\(model.name)"])
            }
            logLoaded(model, description, isolation: model.runs(plugin))
            return runtime
        } catch {
            return notLoaded(model, error)
        }
    }

    func logLoaded(_ model: ModelConfiguration, _ description: ModelDescription, isolation: Isolation?) {
        let texts = { (specs: [TensorSpec]) in specs.map { "\($0.name) \($0.text)" }.joined(separator: ", ") }
        var metadata: Logger.Metadata = [
            "model": "\(model.name)", "platform": "\(description.platform)",
            "inputs": "\(texts(description.signature.inputs))", "outputs": "\(texts(description.signature.outputs))",
        ]
        if let isolation { metadata["isolation"] = "\(isolation.rawValue)" }
        logger.info("model loaded", metadata: metadata)
    }

    /// Says why a model isn't there, and stands in its place.
    func notLoaded(_ model: ModelConfiguration, _ error: any Error) -> ModelRuntime {
        let failure = error as? PluginLoadError ?? PluginLoadError(.loadFailed, "\(error)")
        logger.error(
            "model not loaded",
            metadata: [
                "model": "\(model.name)", "kind": "\(failure.kind.rawValue)", "reason": "\(failure.message)",
            ])
        return ModelRuntime(configuration: model, state: .failure(failure))
    }

    /// What a model goes on from: what the one that it takes over from has learned by now, else what its file has kept.
    private func state(
        of model: ModelConfiguration, after previous: ModelRuntime?, sealing: SealingKeys?
    ) throws(PluginLoadError) -> KeptState {
        if let previous, previous.keepsState, previous.configuration.plugin == model.plugin {
            do throws(SluiceError) {
                try previous.keepState(within: Gatekeeper.statePatience, sealing: self.sealing.keys)
            } catch {
                logger.warning("state not kept", metadata: ["model": "\(model.name)", "reason": "\(error.message)"])
            }
            if let latest = previous.loaded?.state.latest { return KeptState(latest) }
        }
        do throws(SluiceError) {
            return KeptState(
                try model.state.map { path throws(SluiceError) in try StateFile(path: path, sealing: sealing).read() }
                    ?? nil)
        } catch {
            throw PluginLoadError(.stateRefused, error.message)
        }
    }

    /// Frees a copy that is not to serve: a self-test that ran out of time may still be on its way out of it.
    private func free(_ instance: any ModelInstance, of model: ModelConfiguration) {
        let patience = MonotonicTime.now.advanced(byNanoseconds: 5_000_000_000)
        while !instance.isIdle, MonotonicTime.now < patience { Thread.sleep(forTimeInterval: 0.002) }
        guard instance.isIdle else {
            logger.warning(
                "model not freed: its plugin still holds the request of its self-test",
                metadata: ["model": "\(model.name)"])
            return
        }
        instance.unload()
    }

    /// Loads as many copies as the file asks for, all or none, where it wants them to run.
    func loadInstances(
        of model: ModelConfiguration, _ plugin: PluginConfiguration,
        _ library: Result<PluginLibrary, PluginLoadError>?, _ state: KeptState, for function: PluginFunction = .infer
    ) throws -> [any ModelInstance] {
        let start = try starter(of: model, plugin, library, state, for: function)
        var instances: [any ModelInstance] = []
        do {
            for _ in 0..<model.instances {
                let instance = try start()
                instances.append(instance)
                try instance.warmUp()
            }
        } catch {
            for instance in instances { instance.unload() }
            throw error
        }
        return instances
    }

    /// What starts one copy of a model.
    private func starter(
        of model: ModelConfiguration, _ plugin: PluginConfiguration,
        _ library: Result<PluginLibrary, PluginLoadError>?, _ state: KeptState, for function: PluginFunction
    ) throws -> () throws(PluginLoadError) -> any ModelInstance {
        let services = services
        let arguments = InProcessModel.Arguments(
            model: model.name, version: model.version, folder: folder, configJSON: model.config.json,
            options: model.config.options, function: function)
        if model.runs(plugin) == .inProcess, let library {
            let library = try library.get()
            return { () throws(PluginLoadError) in
                try InProcessModel(library, arguments: arguments, services: services, state: state.latest)
            }
        }
        let settings = IsolatedModel.Settings(
            program: try runners.program(), pluginPath: try path(of: plugin), sha256: plugin.sha256,
            arguments: arguments, sandbox: SandboxPlan(plugin.runner),
            environment: runners.environment(granting: plugin.runner.environment),
            grace: plugin.runner.grace.wholeNanoseconds, inputs: try IsolatedInputs(model: model.name), state: state,
            groups: plugin.runner.memory == nil ? nil : memoryCaps.groups)
        return { () throws(PluginLoadError) in try IsolatedModel(settings, services: services) }
    }
}

extension ModelConfiguration {
    /// Where the model runs.
    package func runs(_ plugin: PluginConfiguration) -> Isolation { isolation ?? plugin.isolation }
}

extension SandboxPlan {
    /// What a file says of a runner, as the runner gets it.
    package init(_ runner: RunnerConfiguration) {
        let level: Level =
            switch runner.sandbox {
            case .strict: .strict
            case .standard: .standard
            case .off: .off
            }
        self.init(
            level: level, readablePaths: runner.readablePaths, writablePaths: runner.writablePaths,
            allowsNetwork: runner.network == .any, memoryLimit: runner.memory)
    }
}
