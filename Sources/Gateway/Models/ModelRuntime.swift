internal import Codecs
package import Configuration
internal import NIOConcurrencyHelpers
package import PluginHost
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
        let way: CallWay
        /// What it had learned when it was last asked.
        let state: KeptState
        /// What turns text into its inputs.
        let tokenizer: WordPiece?
        /// What turns pictures, film and sound into its inputs, and its outputs into such.
        let media: ModelMedia
    }

    package let configuration: ModelConfiguration
    package let state: Result<Loaded, PluginLoadError>
    /// The way of calls to the model; by itself, so that a request touches no more than that.
    private let way: CallWay?
    /// The copy of the model that says where inputs had best be decoded to.
    private let first: (any ModelInstance)?
    /// Whether calls had better be gathered: they are answered within microseconds, by another process.
    let gathersCalls: Bool
    /// What it declares, as far as it is loaded.
    let signature: ModelSignature?
    /// What turns text into its inputs, where the file says so.
    let tokenizer: WordPiece?
    /// What turns pictures, film and sound into its inputs, where the file says so.
    package let decoders: [MediaDecoder]
    /// The media types that they read.
    package let acceptedMedia: [String]
    /// What turns its outputs into pictures and sound, where the file says so.
    package let encoders: [MediaEncoder]
    /// The media types that they write.
    package let writtenMedia: [String]
    /// Whether it may answer in several parts.
    let streams: Bool
    /// Whether it may get a request again that it has had.
    let allowsRetry: Bool
    /// Rows that one request may have; the end of all numbers where it may have any.
    let maximumRows: Int
    private let rules = NIOLockedValueBox<StepRules?>(nil)

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
    /// Whether it is made of others that don't fit together, which is a mistake in the file.
    var isMiswired: Bool {
        if case .failure(let error) = state { error.kind == .miswired } else { false }
    }
    /// Where its inputs had best be decoded to; `nil` is anywhere.
    var inputMemory: (any TensorMemory)? { first?.inputMemory }
    /// Requests that its plugin has not finished.
    package var unfinishedCalls: Int { loaded?.instances.reduce(0) { $0 + $1.unfinishedCalls } ?? 0 }
    /// Requests that wait for a free call.
    package var queueDepth: Int { way?.queue?.depth ?? 0 }
    /// Calls beside each other that it bears now.
    var callsAtOnce: Int { way?.queue?.callsAtOnce ?? 1 }

    package init(configuration: ModelConfiguration, state: Result<Loaded, PluginLoadError>) {
        self.configuration = configuration
        self.state = state
        let loaded = try? state.get()
        let description = loaded?.description
        way = loaded?.way
        first = loaded?.instances[0]
        gathersCalls = description?.isQuick == true && first?.inputMemory != nil
        signature = loaded?.signature
        tokenizer = loaded?.tokenizer
        decoders = loaded?.media.decoders ?? []
        acceptedMedia = MediaDecoder.accepted(by: decoders)
        encoders = loaded?.media.encoders ?? []
        writtenMedia = MediaEncoder.written(by: encoders)
        streams = description?.streams ?? false
        allowsRetry = description?.allowsRetry ?? false
        let rows = description?.maximumBatchRows ?? 0
        maximumRows = rows > 0 && description?.signature.batching != ModelSignature.Batching.none ? rows : .max
    }

    /// Hands a call to the model: on this very thread if it is quick, else on the model's own.
    ///
    /// The call gets its final part in any case; a full queue is one.
    ///
    /// - Parameter consumer: a number for whose call it is, so that consumers can share the model evenly.
    func start(_ call: InferenceCall, consumer: Int) {
        guard let way else { return call.abandon(unavailable) }
        if maximumRows < .max, let rows = call.envelope.inputs.first?.shape.first, rows > maximumRows {
            return call.abandon(tooManyRows(rows))
        }
        way.start(call, consumer: consumer)
    }

    /// How old an answer may become that is kept, beyond the age up to which it is given without being asked for so.
    func keepAnswers(forNanoseconds age: UInt64) { way?.cache?.keepAnswers(forNanoseconds: age) }

    /// What it answered to an equal request before, and how long ago; `nil` where nothing is kept that isn't too old.
    func oldAnswer(to envelope: Envelope, notOlderThan age: UInt64) -> (InferencePart, ageNanoseconds: UInt64)? {
        way?.cache?.oldAnswer(to: envelope, notOlderThan: age)
    }

    /// Whoever sent the requests of a sequence has gone: its place is free for another one.
    func endSequence(_ id: String) { way?.endSequence(id) }

    /// What the gate that serves holds it to as a step of another; `nil` where no model has steps.
    var stepRules: StepRules? {
        get { rules.withLockedValue { $0 } }
        set { rules.withLockedValue { $0 = newValue } }
    }

    private var unavailable: SluiceError {
        var error = SluiceError(
            .modelUnavailable, "model \"\(name)\" is not available", detail: [.init("model", name)])
        if case .failure(let reason) = state { error.cause = reason }
        return error
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
        way?.queue?.shutDown()
        way?.cache?.removeAll()
        for runtime in loaded?.media.runtimes ?? [] { runtime.stop() }
    }

    /// Frees the model, once stopped, if its plugin has finished every request. May block. Not called again after that.
    ///
    /// - Returns: whether the model was freed.
    func unloadIfIdle() -> Bool {
        guard let loaded else { return true }
        let instances = loaded.instances + loaded.media.runtimes.flatMap { $0.loaded?.instances ?? [] }
        guard instances.allSatisfy(\.isIdle) else { return false }
        for instance in instances { instance.unload() }
        return true
    }
}
