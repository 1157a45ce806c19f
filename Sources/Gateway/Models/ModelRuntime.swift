package import Configuration
package import PluginHost
internal import Scheduling
package import Tensors

/// One configured model as the gate runs it: loaded and scheduled, or the reason why not.
package final class ModelRuntime: Sendable {
    /// A model that can be called.
    package struct Loaded: Sendable {
        package let instance: any ModelInstance
        /// What it declares, with the column names that the configuration adds.
        package let signature: ModelSignature
        /// `nil` for quick models: they run on the event loop that has the request.
        let scheduler: ModelScheduler<InferenceCall>?
    }

    package let configuration: ModelConfiguration
    package let state: Result<Loaded, PluginLoadError>

    package var name: String { configuration.name }
    package var version: String { configuration.version }
    /// The model, if it can be called.
    package var loaded: Loaded? { try? state.get() }
    /// Whether requests to it can succeed.
    package var isReady: Bool { loaded != nil }
    /// Why it can't be called.
    package var failure: String? {
        if case .failure(let error) = state { error.message } else { nil }
    }
    /// Requests that wait for a free call.
    package var queueDepth: Int { loaded?.scheduler?.depth ?? 0 }

    package init(configuration: ModelConfiguration, state: Result<Loaded, PluginLoadError>) {
        self.configuration = configuration
        self.state = state
    }

    /// A loaded model with its own threads, or none where it is quick.
    static func running(_ configuration: ModelConfiguration, instance: any ModelInstance) -> ModelRuntime {
        let description = instance.description
        var signature = description.signature
        for index in signature.inputs.indices {
            if let columns = configuration.columns[signature.inputs[index].name] {
                signature.inputs[index].columns = columns
            }
        }
        var scheduler: ModelScheduler<InferenceCall>?
        // A model that may answer in parts can be made to wait by a slow client, so it is never run on an event loop.
        if !description.isQuick || description.streams {
            scheduler = ModelScheduler(
                name: configuration.name,
                concurrency: min(configuration.concurrency ?? description.maximumConcurrency, 1024),
                capacity: configuration.queue,
                run: { call in instance.infer(call) },
                expire: { call in
                    call.abandon(
                        SluiceError(
                            .deadlineExceeded,
                            "the deadline passed while the request waited for model \"\(configuration.name)\"",
                            detail: [.init("model", configuration.name)]))
                })
        }
        return ModelRuntime(
            configuration: configuration,
            state: .success(Loaded(instance: instance, signature: signature, scheduler: scheduler)))
    }

    /// Hands a call to the model: on this very thread if it is quick, else on the model's own.
    ///
    /// The call gets its final part in any case; a full queue is one.
    func start(_ call: InferenceCall, deadline: MonotonicTime?) {
        switch state {
        case .failure(let error):
            call.abandon(
                SluiceError(
                    .modelUnavailable, "model \"\(name)\" is not available", detail: [.init("model", name)],
                    cause: error))
        case .success(let loaded):
            guard let scheduler = loaded.scheduler else {
                loaded.instance.infer(call)
                return
            }
            if !scheduler.submit(call, deadline: deadline) {
                call.abandon(
                    SluiceError(
                        .overloaded,
                        "model \"\(name)\" is overloaded: \(configuration.queue) requests wait for it already",
                        detail: [.init("model", name)], retryAfterNanoseconds: 1_000_000_000))
            }
        }
    }

    /// Refuses what waits, ends the threads, and frees the model if its plugin has finished every request.
    ///
    /// - Returns: whether the model was freed.
    func shutDown() -> Bool {
        guard let loaded else { return true }
        for call in loaded.scheduler?.shutDown() ?? [] {
            call.abandon(SluiceError(.shuttingDown, "the gateway is shutting down"))
        }
        guard loaded.instance.isIdle else { return false }
        loaded.instance.unload()
        return true
    }
}
