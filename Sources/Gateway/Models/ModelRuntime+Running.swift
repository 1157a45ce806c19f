internal import Codecs
internal import Configuration
internal import PluginHost
internal import Scheduling
internal import Telemetry
internal import Tensors

extension ModelRuntime {
    /// A loaded model with its own threads, or none where it is quick.
    ///
    /// - Parameters:
    ///   - instances: at least one, all of the same model.
    ///   - tokenizer: what turns text into the model's inputs.
    ///   - media: what turns pictures, film and sound into its inputs, and its outputs into such.
    ///   - state: what the instances went on from, and where what they learn is kept.
    ///   - violation: counts and logs what a plugin did against the contract.
    /// - Throws: where the file asks for what the model can't do.
    static func running(
        _ configuration: ModelConfiguration, instances: [any ModelInstance], tokenizer: WordPiece? = nil,
        media: ModelMedia = ModelMedia(), metrics: GatewayMetrics, state: KeptState = KeptState(),
        violation: @escaping @Sendable (_ model: String, _ requestID: String, _ reason: String) -> Void
    ) throws(PluginLoadError) -> ModelRuntime {
        let description = instances[0].description
        try check(configuration, against: description)
        var signature = description.signature
        signature.add(configuration)
        let rules = try JoinRules(configuration.padding, signature: description.signature)
        let handles = metrics.model(configuration.name)
        var queue: ModelQueue?
        // A model that may answer in parts can be made to wait by a slow client, so it is never run on an event loop.
        if !description.isQuick || description.streams {
            let policy = SchedulerPolicy(configuration, description: description, instances: instances.count)
            let joins = description.signature.batching == .concat && policy.batching != nil
            let facts = CallFacts(
                batching: description.signature.batching, keepsSequences: description.keepsSequences,
                rules: joins ? rules : nil)
            let name = configuration.name
            let runner = BatchRunner(
                instances: instances, description: description, rules: joins ? rules : nil, facts: facts,
                errors: QueueErrors(model: name, capacity: configuration.queue), meter: ModelMeter(handles),
                breach: { reason, requestID in
                    violation(name, requestID, reason)
                    return SluiceError(
                        .modelBrokeContract, "model \"\(name)\" broke the plugin contract: \(reason)",
                        detail: [.init("model", name)])
                })
            queue = ModelQueue(name: name, policy: policy, runner: runner)
        }
        let cache = configuration.cache.map { cache in
            CachedModel(cache, hits: handles.cacheHits(), misses: handles.cacheMisses()) { [queue] call, consumer in
                if let queue { return queue.submit(call, consumer: consumer) }
                call.begin()
                instances[0].infer(call)
            }
        }
        let way = CallWay(
            instance: instances[0], queue: queue, cache: cache,
            order: configuration.scheduling.isOrdered ? OrderedAnswers() : nil)
        let loaded = Loaded(
            instances: instances, description: description, signature: signature, way: way, state: state,
            tokenizer: tokenizer, media: media)
        return ModelRuntime(configuration: configuration, state: .success(loaded))
    }

    static func check(
        _ configuration: ModelConfiguration, against description: ModelDescription
    ) throws(PluginLoadError) {
        func fail(_ key: String, _ reason: String) -> PluginLoadError {
            PluginLoadError(.loadFailed, "\(key) is not for model \"\(configuration.name)\": \(reason)")
        }
        if description.streams {
            if configuration.cache != nil { throw fail("cache", "it may answer in parts") }
            if configuration.scheduling.isOrdered { throw fail("ordered", "it may answer in parts") }
        }
        if description.keepsSequences, configuration.cache != nil {
            throw fail("cache", "it keeps state, so equal requests have different answers")
        }
        if description.learns, configuration.cache != nil {
            throw fail("cache", "it learns, so equal requests have different answers")
        }
        if configuration.state != nil, !description.keepsState {
            throw fail("state", "its plugin doesn't offer sluice.state/1, so there is nothing to keep")
        }
        if configuration.padding != nil, description.signature.batching != .concat {
            throw fail("pad", "the host doesn't join its requests")
        }
    }
}
