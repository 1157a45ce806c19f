internal import CSluicePlugin
internal import Dispatch
internal import Tensors

extension InProcessModel {
    /// How long a lesson waits for the one before it, which may just be on its way out of the plugin.
    private static let lessonPatience = DispatchTimeInterval.seconds(1)

    /// A state that is larger than this is none.
    private static let largestState = 1 << 32

    package func perform(_ call: InferenceCall) {
        switch call.envelope.purpose {
        case .learn: learn(call)
        case .saveState: saveState(call)
        case nil: infer(call)
        }
    }

    // MARK: Learning

    /// `learn`, never two at once: until the plugin is done with one lesson, whenever that is, further ones are refused.
    private func learn(_ call: InferenceCall) {
        guard let function = library.table.learn else {
            return refuse(call, SluiceError(.modelUnimplemented, "model \"\(slots.model)\" doesn't learn"))
        }
        guard lessons.wait(timeout: .now() + Self.lessonPatience) == .success else {
            return refuse(call, stillLearning)
        }
        call.afterwards { [self] in lessons.signal() }
        guard let slot = enter(call) else { return }
        var request: UnsafePointer<sluice_request>? = slot.request
        Self.withError { error in
            let status = alone { function(model, &request, 1, error) }
            slot.inferReturned(
                status, message: status == SLUICE_OK ? "" : Self.text(in: error), mustHaveAnswered: false)
        }
    }

    private var stillLearning: SluiceError {
        SluiceError(
            .modelUnavailable, "model \"\(slots.model)\" is still learning from an earlier lesson",
            detail: [.init("model", slots.model)], retryAfterNanoseconds: 1_000_000_000)
    }

    private func refuse(_ call: InferenceCall, _ error: SluiceError) {
        call.abandon(error)
        call.letGo()
    }

    // MARK: State

    /// Has a call while the plugin writes its state.
    private final class Saving: CallHolder {
        func abandon(_ call: InferenceCall, error: SluiceError) { call.deliver(.failure(error)) }
    }

    private func saveState(_ call: InferenceCall) {
        defer { call.letGo() }
        let saving = Saving()
        guard call.enter(saving) else { return }
        guard let save = library.table.state?.save else {
            call.deliver(
                .failure(SluiceError(.modelUnimplemented, "model \"\(slots.model)\" keeps no state")))
            return
        }
        // Half a lesson is no state to go on from.
        guard lessons.wait(timeout: .now() + Self.lessonPatience) == .success else {
            call.deliver(.failure(stillLearning))
            return
        }
        let bytes = StateBytes()
        let status = save(
            model,
            { context, bytes, count in StateBytes.of(context).append(bytes, count, atMost: InProcessModel.largestState)
            },
            Unmanaged.passUnretained(bytes).toOpaque())
        lessons.signal()
        guard status == SLUICE_OK else {
            let error = slots.error(status: Status(pluginStatus: status), message: "its state could not be saved")
            call.deliver(.failure(error))
            return
        }
        let storage = bytes.data.withUnsafeBytes { TensorStorage.copy(of: $0) }
        do {
            let state = try Tensor(
                name: Envelope.Purpose.stateName, dataType: .uint8, shape: [storage.byteCount], storage: storage)
            call.deliver(InferencePart(outputs: [state], isFinal: true))
        } catch {
            call.deliver(.failure(error))
        }
    }

    /// Hands a fresh model what it had learned before.
    static func restore(
        _ state: TensorStorage, into model: OpaquePointer, by functions: sluice_state?, model name: String,
        plugin: String
    ) throws(PluginLoadError) {
        guard let restore = functions?.restore else {
            throw PluginLoadError(
                .stateRefused,
                "model \"\(name)\" has a state to go on from, but its plugin \(plugin) doesn't offer \(SLUICE_EXT_STATE)"
            )
        }
        let bytes = StateBytes(reading: state)
        let status = restore(
            model, { context, bytes, count in StateBytes.of(context).read(bytes, count) },
            Unmanaged.passUnretained(bytes).toOpaque())
        guard status == SLUICE_OK else {
            throw PluginLoadError(
                .stateRefused,
                "model \"\(name)\" can't go on from its state of \(state.byteCount) bytes: its plugin \(plugin) says "
                    + "\(Status(pluginStatus: status)) to it")
        }
    }
}

/// A model's state on its way to or from a plugin; used by one thread, for the length of one call.
private final class StateBytes {
    private(set) var data: [UInt8] = []
    private let source: TensorStorage?
    private var position = 0

    init(reading source: TensorStorage? = nil) {
        self.source = source
    }

    /// The object behind the `ctx` that the plugin hands back.
    static func of(_ context: UnsafeMutableRawPointer?) -> StateBytes {
        guard let context else { fatalError("a plugin made up the ctx of its state") }
        return Unmanaged<StateBytes>.fromOpaque(context).takeUnretainedValue()
    }

    func append(_ bytes: UnsafeRawPointer?, _ count: Int, atMost limit: Int) -> Int64 {
        guard count > 0 else { return 0 }
        guard let bytes, count <= limit - data.count else { return -1 }
        data.append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: count))
        return Int64(count)
    }

    func read(_ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int64 {
        guard let source, let bytes, count > 0, position < source.byteCount else { return 0 }
        let part = min(count, source.byteCount - position)
        bytes.copyMemory(from: source.base + position, byteCount: part)
        position += part
        return Int64(part)
    }
}
