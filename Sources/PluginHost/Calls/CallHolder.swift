package import Tensors

/// Whoever has a call and answers it: a plugin's slot, a batch that it was joined into, a cache entry that it waits for.
package protocol CallHolder: AnyObject, Sendable {
    /// The caller no longer waits for `call`, which this holder has: gives it `error` as its final part, unless that has
    /// come already, and stops working on it.
    func abandon(_ call: InferenceCall, error: SluiceError)

    /// The caller of `call`, which was gathered, has nothing else to do: its answer may be waited for, for a moment.
    func wait(for call: InferenceCall)
}

extension CallHolder {
    package func wait(for call: InferenceCall) {}
}

/// Where calls wait for a model.
package protocol CallQueue: AnyObject, Sendable {
    /// The caller of the call with that ticket has been answered: it need not wait any longer.
    func remove(ticket: UInt64)
}
