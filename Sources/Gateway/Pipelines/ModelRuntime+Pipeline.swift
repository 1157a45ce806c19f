internal import Codecs
internal import Configuration
internal import PluginHost
internal import Telemetry
internal import Tensors

extension ModelRuntime {
    /// A model that is made of others.
    ///
    /// - Parameter steps: the steps' models, in their order.
    /// - Throws: `step_unavailable`; `miswired` where they don't fit together.
    static func pipeline(
        _ configuration: ModelConfiguration, steps: [ModelRuntime], tokenizer: WordPiece?, media: ModelMedia,
        metrics: GatewayMetrics
    ) throws(PluginLoadError) -> ModelRuntime {
        guard let pipeline = configuration.pipeline else {
            throw PluginLoadError(.loadFailed, "model \"\(configuration.name)\" has no steps")
        }
        var models: [(runtime: ModelRuntime, loaded: Loaded)] = []
        for (index, step) in steps.enumerated() {
            guard let loaded = step.loaded else {
                throw PluginLoadError(
                    .stepUnavailable, "its step \(index + 1), model \"\(step.name)\", isn't loaded")
            }
            models.append((step, loaded))
        }
        let wiring = PipelineWiring(pipeline, models: models.map(\.loaded.declared))
        guard wiring.diagnostics.isEmpty else {
            throw PluginLoadError(.miswired, wiring.diagnostics.map(\.message).joined(separator: "; "))
        }
        let instance = PipelineModel(configuration.name, plan: PipelinePlan(wiring, models: models))
        let description = instance.description
        try check(configuration, against: description)
        var signature = description.signature
        signature.add(configuration)
        let handles = metrics.model(configuration.name)
        let cache = configuration.cache.map { cache in
            CachedModel(cache, hits: handles.cacheHits(), misses: handles.cacheMisses()) { call, consumer in
                instance.start(call, consumer: consumer)
            }
        }
        let way = CallWay(
            instance: instance, queue: nil, cache: cache,
            order: configuration.scheduling.isOrdered ? OrderedAnswers() : nil)
        let loaded = Loaded(
            instances: [instance], description: description, signature: signature, way: way, state: KeptState(),
            tokenizer: tokenizer, media: media)
        return ModelRuntime(configuration: configuration, state: .success(loaded))
    }
}

extension ModelRuntime.Loaded {
    /// What the model declares, with what the file adds to it.
    var declared: ModelDescription {
        var declared = description
        declared.signature = signature
        return declared
    }
}
