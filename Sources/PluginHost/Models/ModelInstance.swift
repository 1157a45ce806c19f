package import Tensors

/// One loaded model, wherever it runs.
///
/// The gateway knows models only through this; a plugin in a process of its own stands behind the same interface.
package protocol ModelInstance: AnyObject, Sendable {
    /// What the model declares.
    var description: ModelDescription { get }

    /// Hands a request to the model. May block: called only from the model's own threads, unless the model is quick.
    ///
    /// `call` gets exactly one final part, now or later.
    func infer(_ call: InferenceCall)

    /// Hands several requests to a model that takes lists of them (`ModelSignature.Batching.list`), in one call into the
    /// plugin where that is possible. Otherwise as `infer` of one.
    func infer(_ calls: [InferenceCall])

    /// Hands the model a call that wants something other than an answer (`Envelope.Purpose`). Blocks as `infer` may, but is
    /// never called on an event loop, however quick the model.
    func perform(_ call: InferenceCall)

    /// Whether requests can succeed now; a model in a process of its own can be down for a while.
    var isReady: Bool { get }

    /// Where its inputs had best be decoded to; `nil` is anywhere.
    var inputMemory: (any TensorMemory)? { get }

    /// Lets the model prepare before its first request. May block.
    func warmUp() throws(PluginLoadError)

    /// Requests that the plugin has not finished, abandoned ones included.
    var unfinishedCalls: Int { get }

    /// Whether it may be unloaded: no request is unfinished, and none of its outputs is still read.
    var isIdle: Bool { get }

    /// Frees the model, which must be idle. May block.
    func unload()
}

extension ModelInstance {
    package var isReady: Bool { true }

    package var inputMemory: (any TensorMemory)? { nil }

    package func perform(_ call: InferenceCall) {
        call.abandon(SluiceError(.modelUnimplemented, "the model does nothing but answer"))
        call.letGo()
    }

    package func infer(_ calls: [InferenceCall]) {
        for call in calls { infer(call) }
    }
}
