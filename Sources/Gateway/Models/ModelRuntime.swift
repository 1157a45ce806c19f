package import Configuration
package import PluginHost
internal import Scheduling
internal import Telemetry
package import Tensors

/// One configured model as the gate runs it: loaded and scheduled, or the reason why not.
package final class ModelRuntime: Sendable {
    /// A model that can be called.
    package struct Loaded: Sendable {
        /// Copies of the model; at least one, all alike.
        package let instances: [any ModelInstance]
        /// What it declares.
        package let description: ModelDescription
        /// What it declares of inputs and outputs, with the column names that the configuration adds.
        package let signature: ModelSignature
        /// `nil` for quick models: they run on the event loop that has the request.
        let queue: ModelQueue?
        /// `nil` where answers aren't kept.
        let cache: CachedModel?
        /// `nil` where answers go out as they come.
        let order: OrderedAnswers?
    }

    package let configuration: ModelConfiguration
    package let state: Result<Loaded, PluginLoadError>
    /// Whether it may answer in several parts.
    let streams: Bool
    /// Rows that one request may have; the end of all numbers where it may have any.
    private let maximumRows: Int

    package var name: String { configuration.name }
    package var version: String { configuration.version }
    /// The model, if it can be called.
    package var loaded: Loaded? { try? state.get() }
    /// Whether requests to it can succeed: it is loaded, and its process is there, where it has one of its own.
    package var isReady: Bool { loaded?.instances.contains(where: \.isReady) ?? false }
    /// Why it can't be called.
    package var failure: String? {
        if case .failure(let error) = state { error.message } else { nil }
    }
    /// Requests that its plugin has not finished.
    package var unfinishedCalls: Int { loaded?.instances.reduce(0) { $0 + $1.unfinishedCalls } ?? 0 }
    /// Requests that wait for a free call.
    package var queueDepth: Int { loaded?.queue?.depth ?? 0 }

    package init(configuration: ModelConfiguration, state: Result<Loaded, PluginLoadError>) {
        self.configuration = configuration
        self.state = state
        let description = (try? state.get())?.description
        streams = description?.streams ?? false
        let rows = description?.maximumBatchRows ?? 0
        maximumRows = rows > 0 && description?.signature.batching != ModelSignature.Batching.none ? rows : .max
    }

    /// Hands a call to the model: on this very thread if it is quick, else on the model's own.
    ///
    /// The call gets its final part in any case; a full queue is one.
    ///
    /// - Parameter consumer: a number for whose call it is, so that consumers can share the model evenly.
    func start(_ call: InferenceCall, consumer: Int) {
        switch state {
        case .failure(let error):
            call.abandon(
                SluiceError(
                    .modelUnavailable, "model \"\(name)\" is not available", detail: [.init("model", name)],
                    cause: error))
        case .success(let loaded):
            if maximumRows < .max, let rows = call.envelope.inputs.first?.shape.first, rows > maximumRows {
                return call.abandon(tooManyRows(rows))
            }
            loaded.start(call, consumer: consumer)
        }
    }

    private func tooManyRows(_ rows: Int) -> SluiceError {
        SluiceError(
            .invalidInput, "the request has \(rows) rows, but model \"\(name)\" takes at most \(maximumRows) at once",
            detail: [.init("model", name), .init("rows", rows), .init("max_rows", maximumRows)])
    }

    /// Refuses what waits, ends the threads, and frees the model if its plugin has finished every request.
    ///
    /// - Returns: whether the model was freed.
    func shutDown() -> Bool {
        stop()
        return unloadIfIdle()
    }

    /// Ends the model's threads and refuses what waits for them. Whoever still has the model gets refusals from now on.
    func stop() {
        loaded?.queue?.shutDown()
        loaded?.cache?.removeAll()
    }

    /// Frees the model, once stopped, if its plugin has finished every request. May block. Not called again after that.
    ///
    /// - Returns: whether the model was freed.
    func unloadIfIdle() -> Bool {
        guard let loaded else { return true }
        guard loaded.instances.allSatisfy(\.isIdle) else { return false }
        for instance in loaded.instances { instance.unload() }
        return true
    }
}

extension ModelRuntime.Loaded {
    /// The way of a call to the model: its place in the order, the answers that are kept, the queue.
    fileprivate func start(_ call: InferenceCall, consumer: Int) {
        var call = call
        if let order {
            guard let inner = order.line(up: call) else { return }
            call = inner
        }
        if let cache {
            cache.submit(call, consumer: consumer)
        } else if let queue {
            queue.submit(call, consumer: consumer)
        } else {
            instances[0].infer(call)
        }
    }
}
