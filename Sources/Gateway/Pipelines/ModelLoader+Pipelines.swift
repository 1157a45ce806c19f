internal import Codecs
internal import Configuration
internal import Logging
internal import PluginHost
internal import Tensors

extension ModelLoader {
    /// Makes the models that are made of others, once those are there.
    ///
    /// One whose steps are still the same models, and that is still what is asked for, stays as it is; the others are made
    /// anew, as they must never be of one step's old model and another's new one.
    /// - Parameters:
    ///   - provisioned: by name, the models that plugins run.
    ///   - known: by name, the models of the revision before.
    ///   - renewed: models that are made anew in any case.
    func addPipelines(
        of configuration: GatewayConfiguration, to provisioned: inout [String: ProvisionedModel],
        keeping known: [String: ProvisionedModel], renewing renewed: Set<String> = [], _ decoding: Decoding?
    ) {
        var waiting = configuration.models.filter { $0.pipeline != nil }
        while !waiting.isEmpty {
            // Steps can have steps; that they come to an end was checked with the file.
            let ready = waiting.filter { model in
                model.pipeline?.steps.allSatisfy { provisioned[$0.model.text] != nil } ?? false
            }
            guard !ready.isEmpty else { return }
            for model in ready {
                let steps = (model.pipeline?.steps ?? []).compactMap { provisioned[$0.model.text]?.runtime }
                let fingerprint = ModelFingerprint(
                    model, steps: steps, decoding: model.usesMedia ? decoding?.identity : nil, folder: folder)
                if let known = known[model.name], !renewed.contains(model.name),
                    known.canStay(fingerprint) || known.isUnloaded && known.fingerprint.model == fingerprint.model
                {
                    provisioned[model.name] = known.kept
                } else {
                    let runtime = pipeline(model, steps: steps, decoding)
                    provisioned[model.name] = ProvisionedModel(runtime: runtime, fingerprint: fingerprint, isNew: true)
                }
            }
            waiting.removeAll { provisioned[$0.name] != nil }
        }
    }

    /// These models, of which one has been unloaded, with all that are made of them.
    func rejoining(_ models: [ProvisionedModel], of configuration: GatewayConfiguration) -> [ProvisionedModel] {
        guard configuration.models.contains(where: { $0.pipeline != nil }) else { return models }
        let known = Dictionary(models.map { ($0.runtime.name, $0) }, uniquingKeysWith: { first, _ in first })
        var provisioned = known.filter { $0.value.runtime.configuration.pipeline == nil }
        addPipelines(of: configuration, to: &provisioned, keeping: known, decoding(configuration))
        return configuration.models.compactMap { provisioned[$0.name] }
    }

    private func pipeline(_ model: ModelConfiguration, steps: [ModelRuntime], _ decoding: Decoding?) -> ModelRuntime {
        var media = ModelMedia()
        do {
            media = try self.media(of: model, decoding)
            let runtime = try ModelRuntime.pipeline(
                model, steps: steps, tokenizer: try WordPiece(model.tokenizer, folder: folder), media: media,
                metrics: metrics)
            try runtime.loaded.map { loaded throws(PluginLoadError) in
                try SelfTest(model, signature: loaded.signature).run(on: loaded.instances)
            }
            if let loaded = runtime.loaded { logLoaded(model, loaded.description, isolation: nil) }
            return runtime
        } catch {
            media.shutDown()
            return notLoaded(model, error)
        }
    }
}
