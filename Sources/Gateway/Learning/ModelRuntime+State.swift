internal import Configuration
internal import Dispatch
internal import NIOConcurrencyHelpers
internal import PluginHost
internal import Policies
internal import Tensors

extension ModelRuntime {
    /// Has the model do something other than answer, and waits for the end of it, at most until the envelope's deadline.
    /// Not for event loops.
    func perform(_ envelope: Envelope) -> InferencePart {
        guard let way = loaded?.way else {
            return .failure(
                SluiceError(.modelUnavailable, "model \"\(name)\" is not available", detail: [.init("model", name)]))
        }
        let last = NIOLockedValueBox<InferencePart?>(nil)
        let isOver = DispatchSemaphore(value: 0)
        let call = InferenceCall(envelope: envelope) { part in
            if part.isFinal {
                last.withLockedValue { $0 = part }
                isOver.signal()
            }
            return true
        }
        way.perform(call)
        if let deadline = envelope.deadline {
            let left = Int(clamping: deadline.nanoseconds(since: .now))
            if isOver.wait(timeout: .now() + .nanoseconds(left)) == .success { return taken(last) }
            call.abandon(SluiceError(.deadlineExceeded, "model \"\(name)\" took longer than it may"))
        }
        isOver.wait()
        return taken(last)
    }

    private func taken(_ last: NIOLockedValueBox<InferencePart?>) -> InferencePart {
        last.withLockedValue { $0 } ?? .failure(SluiceError(.internalError, "no final part"))
    }

    /// Whether there is a state to ask for. Copies of a model would each have their own.
    var keepsState: Bool { loaded.map { $0.description.keepsState && $0.instances.count == 1 } ?? false }

    /// Asks the model for what it has learned and keeps that: for its next process, its next version, and in its file
    /// where it has one. Not for event loops.
    ///
    /// - Parameter sealing: what the file is encrypted with.
    /// - Returns: how many bytes it is; `nil` where the model keeps no state.
    @discardableResult
    func keepState(within patience: UInt64, sealing: SealingKeys?) throws(SluiceError) -> Int? {
        guard keepsState, let loaded else { return nil }
        let part = perform(
            Envelope(
                id: "state-\(name)", deadline: MonotonicTime.now.advanced(byNanoseconds: patience), inputs: [],
                priority: 1, purpose: .saveState))
        if let error = part.error { throw error }
        guard let state = part.outputs.first else { throw SluiceError(.internalError, "a state that isn't there") }
        // A copy of our own: what a runner's memory holds is the runner's to change.
        let copy = unsafe state.withBytes { unsafe TensorStorage.copy(of: $0) }
        loaded.state.latest = copy
        if let file = configuration.state { try StateFile(path: file, sealing: sealing).write(copy) }
        return copy.byteCount
    }
}
