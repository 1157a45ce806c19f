internal import CSluicePlugin
internal import Glibc
internal import Synchronization
internal import Tensors

/// The place of one request inside a plugin: its C form, its state, and what the plugin has made for it.
///
/// A plugin knows a request by the address of its `sluice_request`, and may (wrongly) use it after its final response.
/// So slots and their memory are never freed, only used again, and rest a while first: a late call then finds a slot that
/// says so, instead of freed memory.
///
/// Invariants behind `@unchecked Sendable`: the C form is written only between `recycle` and `begin`, when no plugin
/// knows the request; everything else that changes is inside `locked` or atomic.
final class CallSlot: CallHolder, @unchecked Sendable {
    /// The head of a slot's memory; plugins see only the request.
    private struct Head {
        var request: sluice_request
        var slot: UnsafeMutableRawPointer
    }

    private struct Locked: Sendable {
        var state = CallState()
        var call: InferenceCall?
        /// Host memory that the plugin asked for and has not yet handed back.
        var newOutputs: [NewOutput] = []
    }

    struct NewOutput: Sendable {
        var data: TensorStorage
        var offsets: TensorStorage?
    }

    private let head: UnsafeMutablePointer<Head>
    /// Memory for the request's tensors, shapes and texts; grows, never shrinks.
    private var scratch = RequestArena()
    private let locked = LockedInPlace(Locked())
    private let abandoned = Atomic<Bool>(false)
    private let pool: CallSlotPool

    init(pool: CallSlotPool) {
        self.pool = pool
        self.head = .allocate(capacity: 1)
        head.initialize(
            to: Head(request: sluice_request(), slot: Unmanaged.passUnretained(self).toOpaque()))
    }

    /// The slot behind a pointer that a plugin hands in; `nil` for what is no request of ours.
    static func of(_ request: UnsafePointer<sluice_request>?) -> CallSlot? {
        guard let request, request.pointee.struct_size == MemoryLayout<sluice_request>.size else { return nil }
        let head = UnsafeRawPointer(request).assumingMemoryBound(to: Head.self)
        return Unmanaged<CallSlot>.fromOpaque(head.pointee.slot).takeUnretainedValue()
    }

    /// The request as the plugin sees it.
    var request: UnsafePointer<sluice_request> { UnsafeRawPointer(head).assumingMemoryBound(to: sluice_request.self) }

    /// Whether the plugin should stop; one atomic load.
    var isCancelled: Bool { abandoned.load(ordering: .relaxed) }

    /// Takes a call and writes its C form.
    func begin(_ call: InferenceCall, host: UnsafePointer<sluice_host>) {
        scratch.write(call.envelope, host: host, into: &head.pointee.request)
        abandoned.store(false, ordering: .relaxed)
        locked.withLockedValue { locked in
            locked.state.begin()
            locked.call = call
        }
    }

    /// The caller left before the plugin was told of the call that `begin` took.
    func withdraw() {
        giveBack(
            locked.withLockedValue { locked in
                locked.state.withdraw()
                defer { locked.call = nil }
                return locked.call
            })
    }

    /// Whether the plugin still owes the caller an answer.
    var isUnanswered: Bool { locked.withLockedValue { $0.state.phase == .running } }

    /// The plugin's `infer` has returned.
    func inferReturned(_ status: sluice_status, message: String, mustHaveAnswered: Bool) {
        let (action, call, finished) = locked.withLockedValue { locked in
            let action = locked.state.inferReturned(ok: status == SLUICE_OK, mustHaveAnswered: mustHaveAnswered)
            let call = locked.call
            // Mostly there is nothing more to do: then this is the only time that the lock is taken.
            return (action, call, action == .nothing ? Self.recycle(&locked) : nil)
        }
        switch action {
        case .nothing: return giveBack(finished)
        case .fail:
            let error = pool.error(status: Status(pluginStatus: status), message: message)
            call?.deliver(.failure(error))
        case .breach(let reason):
            abandoned.store(true, ordering: .relaxed)
            pool.reportViolation(reason, requestID: call?.envelope.id ?? "")
            call?.deliver(.failure(pool.breach(reason)))
        case .complain(let reason):
            pool.reportViolation(reason, requestID: call?.envelope.id ?? "")
        }
        recycleIfFinished()
    }

    /// The caller no longer waits for `call`.
    func abandon(_ call: InferenceCall, error: SluiceError) {
        let tell = locked.withLockedValue { locked in
            guard locked.call === call else { return false }
            return locked.state.abandon()
        }
        guard tell else { return }
        abandoned.store(true, ordering: .relaxed)
        call.deliver(.failure(error))
    }

    /// `sluice_host.respond`.
    func respond(_ response: UnsafePointer<sluice_response>) -> Status {
        let outputs = ResponseReader(response)
        let (action, call, newOutputs) = locked.withLockedValue {
            locked -> (CallState.ResponseAction, InferenceCall?, [NewOutput]) in
            let action = locked.state.beginResponse(isFinal: outputs.isFinal)
            guard action == .deliver else { return (action, locked.call, []) }
            let made = locked.newOutputs
            locked.newOutputs = []
            return (action, locked.call, made)
        }
        let status: Status
        switch (action, call) {
        case (.deliver, let call?):
            status = deliver(outputs, newOutputs: newOutputs, to: call)
        case (.drop, _):
            outputs.releaseAll()
            status = .cancelled
        case (.refuse(let reason), let call):
            outputs.releaseAll()
            pool.reportViolation(reason, requestID: call?.envelope.id ?? "")
            status = .failedPrecondition
        case (.deliver, nil):
            outputs.releaseAll()
            status = .failedPrecondition
        }
        recycleIfFinished { $0.endResponse() }
        return status
    }

    private func deliver(_ response: ResponseReader, newOutputs: [NewOutput], to call: InferenceCall) -> Status {
        let part: InferencePart
        do throws(SluiceError) {
            part = try checkedPart(of: response, newOutputs: newOutputs, call: call)
        } catch {
            pool.reportViolation(error.message, requestID: call.envelope.id)
            // A part that breaks the contract ends the request for the caller; the plugin's own final one may follow.
            if !response.isFinal { _ = locked.withLockedValue { $0.state.abandon() } }
            abandoned.store(true, ordering: .relaxed)
            call.deliver(.failure(error))
            return .invalidArgument
        }
        if call.deliver(consume part) { return .ok }
        // The caller has gone while it was being served.
        let tell = locked.withLockedValue { $0.state.abandon() }
        abandoned.store(true, ordering: .relaxed)
        if tell { call.deliver(.failure(SluiceError(.cancelled, "the caller has gone"))) }
        return .cancelled
    }

    /// The response's tensors, if they are what the model declared.
    private func checkedPart(
        of response: ResponseReader, newOutputs: [NewOutput], call: InferenceCall
    ) throws(SluiceError) -> InferencePart {
        let part = try response.part(inputs: call.envelope.inputs, newOutputs: newOutputs, pool: pool)
        guard part.error == nil else { return part }
        let fault = pool.description.signature.fault(
            inOutputs: part.outputs, wanted: call.envelope.wantedOutputs,
            // Whoever learns need not answer besides.
            isComplete: response.isFinal && !pool.description.streams && call.envelope.purpose == nil)
        if let fault { throw pool.breach(fault) }
        return part
    }

    /// `sluice_host.new_output`.
    func newOutput(_ tensor: UnsafeMutablePointer<sluice_tensor>) -> Status {
        let elements: Int
        let dataType: DataType
        let shape: [Int]
        do {
            (dataType, shape, elements) = try ResponseReader.declared(tensor.pointee)
        } catch {
            return .invalidArgument
        }
        let bytes = Int(clamping: tensor.pointee.byte_size)
        if dataType != .bytes && Shape.byteCount(shape, of: dataType) != bytes { return .invalidArgument }
        guard let data = TensorStorage.allocateIfPossible(byteCount: bytes, pool: pool.outputs) else {
            return .resourceExhausted
        }
        var offsets: TensorStorage?
        if dataType == .bytes {
            offsets = TensorStorage.allocateIfPossible(byteCount: (elements + 1) * 8, pool: pool.outputs)
            if offsets == nil { return .resourceExhausted }
        }
        let isRunning = locked.withLockedValue { locked in
            guard locked.state.phase == .running else { return false }
            locked.newOutputs.append(NewOutput(data: data, offsets: offsets))
            return true
        }
        guard isRunning else { return .cancelled }
        tensor.pointee.data = data.base
        tensor.pointee.byte_offset = 0
        tensor.pointee.strides = nil
        tensor.pointee.device_type = Int32(SLUICE_CPU)
        tensor.pointee.device_id = 0
        tensor.pointee.offsets = offsets.map { UnsafePointer($0.base.assumingMemoryBound(to: Int64.self)) }
        tensor.pointee.release = nil
        tensor.pointee.owner = nil
        return .ok
    }

    private func recycleIfFinished(after change: (inout CallState) -> Void = { _ in }) {
        giveBack(
            locked.withLockedValue { locked in
                change(&locked.state)
                return Self.recycle(&locked)
            })
    }

    /// Empties the slot if its request is finished; the call that it had then.
    private static func recycle(_ locked: inout Locked) -> InferenceCall? {
        guard locked.state.isFinished else { return nil }
        locked.state.recycle()
        locked.newOutputs = []
        defer { locked.call = nil }
        return locked.call
    }

    private func giveBack(_ finished: InferenceCall?) {
        guard let finished else { return }
        pool.giveBack(self)
        finished.letGo()
    }
}
