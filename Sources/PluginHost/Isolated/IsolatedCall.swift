internal import Glibc
internal import SharedMemory
internal import Tensors

/// One request on its way through a runner: whatever that does, or ceases to do, the caller gets exactly one final part.
///
/// What a runner says about a request is measured by the same state machine that measures plugins.
final class IsolatedCall: CallHolder, Sendable {
    private struct Locked: Sendable {
        var state = begun
        /// Parts that the stream's thread has not taken yet.
        var parts: [InferencePart] = []
        /// Whether a thread is taking parts: everything goes through it then, to stay in order.
        var isStreaming = false
        /// Whether the caller has had a part, so that the request can't be made again.
        var hasDelivered = false
        /// When the runner is given up that has not let go of the abandoned request.
        var overdueAt: MonotonicTime?
        /// Whether the call was given back unanswered, for another runner.
        var isGivenBack = false
        /// The request itself, where it was too large for the ring.
        var message: TensorStorage?

        /// The plugin's function returns in another process; what counts here is the final part.
        static var begun: CallState {
            var state = CallState()
            state.begin()
            _ = state.inferReturned(ok: true, mustHaveAnswered: false)
            return state
        }
    }

    let call: InferenceCall
    let number: CallNumber
    /// Who waits for the plugin to return, if somebody does.
    let latch: CallLatch?
    /// Whether a runner has died with it already.
    private let isRetry: Bool
    private let connection: RunnerConnection
    /// Inputs that were copied into shared memory, for as long as the runner may read them; others lie there already, and
    /// the call keeps them.
    private let copies: [TensorStorage]
    private let locked = LockedInPlace(Locked())

    init(
        _ call: InferenceCall, number: CallNumber, of batch: IsolatedBatch, copies: [TensorStorage],
        connection: RunnerConnection
    ) {
        self.call = call
        self.number = number
        latch = batch.latch
        isRetry = batch.isRetry
        self.copies = copies
        self.connection = connection
    }

    /// The call is over.
    func letGo() {
        call.letGo()
        latch?.leave(call)
    }

    /// Keeps the message for as long as the call.
    func keep(_ message: TensorStorage) {
        locked.withLockedValue { $0.message = message }
    }

    /// The part of the request's own inputs that a message says an output is; nobody can have changed it since.
    func input(at offset: UInt64, _ message: borrowing TensorMessage) -> TensorStorage? {
        let count = message.byteCount
        // BYTES have offsets beside them, and no width: they are never shared.
        guard message.dataType != .bytes, offset < UInt64(Int.max), count > 0,
            Int(offset) % message.dataType.byteWidth == 0
        else { return nil }
        func part(of storage: TensorStorage) -> TensorStorage? {
            guard let start = connection.inputs.offset(of: storage.base, byteCount: storage.byteCount),
                Int(offset) >= start, Int(offset) - start <= storage.byteCount - count
            else { return nil }
            let bytes = UnsafeRawBufferPointer(start: storage.base + (Int(offset) - start), count: count)
            return .slice(of: bytes, in: storage)
        }
        for index in call.envelope.inputs.indices {
            if let part = part(of: call.envelope.inputs[index].storage) { return part }
        }
        for storage in copies { if let part = part(of: storage) { return part } }
        return nil
    }

    // MARK: From the caller

    func abandon(_ call: InferenceCall, error: SluiceError) {
        guard stopWaiting() else {
            // The call has gone to another holder since it was looked up here.
            if locked.withLockedValue({ $0.isGivenBack }) { call.abandon(error) }
            return
        }
        connection.cancel(self)
        call.deliver(.failure(error))
    }

    func wait(for call: InferenceCall) { connection.wait(for: call) }

    private func stopWaiting() -> Bool {
        let deadline = max(call.envelope.deadline ?? .now, .now)
        let overdueAt = deadline.advanced(byNanoseconds: connection.grace)
        return locked.withLockedValue { locked in
            guard locked.state.abandon() else { return false }
            locked.overdueAt = overdueAt
            locked.parts = []
            return true
        }
    }

    /// When the runner is given up for this request's sake, if it is abandoned.
    var overdueAt: MonotonicTime? { locked.withLockedValue { $0.overdueAt } }

    // MARK: From the runner

    /// The runner has sent a part.
    ///
    /// - Returns: whether it was the last, so that the runner has let go of the request.
    func received(_ part: InferencePart) throws(RingFault) -> Bool {
        let isFinal = part.isFinal
        enum Way {
            case now
            case byStream(start: Bool)
            case drop
            case fault(String)
        }
        let way = locked.withLockedValue { locked -> Way in
            defer { locked.state.endResponse() }
            switch locked.state.beginResponse(isFinal: isFinal) {
            case .refuse(let reason): return .fault(reason)
            case .drop: return .drop
            case .deliver:
                locked.hasDelivered = true
                guard !isFinal || locked.isStreaming else { return .now }
                if locked.parts.count > RunnerCall.window { return .fault("more parts than were asked for") }
                locked.parts.append(part)
                defer { locked.isStreaming = true }
                return .byStream(start: !locked.isStreaming)
            }
        }
        switch way {
        case .now: call.deliver(part)
        case .byStream(let start):
            if start {
                // A caller who reads slowly holds this thread up, and nobody else.
                HostThread.start(name: "stream") { [self] in stream() }
            }
        case .drop: break
        case .fault(let reason): throw RingFault(description: "\(reason) from a runner")
        }
        return isFinal
    }

    /// The runner has let go of an abandoned request.
    func done() throws(RingFault) {
        let wasAbandoned = locked.withLockedValue { locked -> Bool in
            guard locked.state.isAbandoned else { return false }
            _ = locked.state.beginResponse(isFinal: true)
            locked.state.endResponse()
            return true
        }
        if !wasAbandoned { throw RingFault(description: "a runner let go of a request without answering it") }
    }

    private func stream() {
        while true {
            let part = locked.withLockedValue { locked -> InferencePart? in
                guard !locked.parts.isEmpty else {
                    locked.isStreaming = false
                    return nil
                }
                return locked.parts.removeFirst()
            }
            guard let part else { return }
            let isWanted = call.deliver(part)
            if part.isFinal { return }
            if isWanted {
                connection.credit(self)
            } else if stopWaiting() {
                connection.cancel(self)
                call.deliver(.failure(SluiceError(.cancelled, "the caller has gone")))
            }
        }
    }

    // MARK: The runner's end

    /// Whether the request can be made again: the caller has had nothing of it, it isn't the second time, and no lesson,
    /// which nobody may learn twice.
    var mayTryAgain: Bool {
        locked.withLockedValue { !$0.hasDelivered } && !isRetry && call.envelope.purpose == nil
    }

    /// The runner is gone; nothing more will come from it.
    ///
    /// - Parameter isGivenBack: whether the call has left this holder before.
    /// - Returns: whether the caller still waits.
    func close(isGivenBack: Bool = false) -> Bool {
        locked.withLockedValue { locked in
            guard locked.state.phase == .running else { return false }
            _ = locked.state.abandon()
            locked.isGivenBack = isGivenBack
            return true
        }
    }
}
