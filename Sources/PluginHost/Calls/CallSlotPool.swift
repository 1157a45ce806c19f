internal import NIOConcurrencyHelpers
internal import Synchronization
internal import Tensors

/// The slots of one model: taken for a request, given back when its plugin is done with it, never freed.
final class CallSlotPool: Sendable {
    /// So many slots rest before the longest-rested one is used again.
    private static let resting = 64

    private struct Locked {
        /// A ring: slots are taken at `first` and given back at the end.
        var free: [CallSlot] = []
        var first = 0
        var inUse = 0

        var count: Int { free.count - first }
    }

    let model: String
    /// What answers are measured by.
    let description: ModelDescription
    /// Where the plugin's outputs lie, where that isn't the process's own memory.
    let outputs: (any TensorMemory)?
    private let services: PluginServices
    private let locked = NIOLockedValueBox(Locked())
    /// Outputs in the plugin's memory that somebody still reads.
    private let tensors = Atomic<Int>(0)

    init(
        model: String, description: ModelDescription, services: PluginServices, outputs: (any TensorMemory)? = nil
    ) {
        self.outputs = outputs
        self.model = model
        self.description = description
        self.services = services
    }

    /// Requests that the plugin has not finished.
    var inUse: Int { locked.withLockedValue { $0.inUse } }

    /// Whether nothing of the plugin's is held: no request, and none of its memory.
    var isIdle: Bool { inUse == 0 && tensors.load(ordering: .acquiring) == 0 }

    func tensorTaken() { tensors.add(1, ordering: .relaxed) }
    func tensorReleased() { tensors.subtract(1, ordering: .releasing) }

    func take() -> CallSlot {
        let rested = locked.withLockedValue { locked -> CallSlot? in
            locked.inUse += 1
            guard locked.count > Self.resting else { return nil }
            defer {
                locked.first += 1
                if locked.first > 4 * Self.resting {
                    locked.free.removeFirst(locked.first)
                    locked.first = 0
                }
            }
            return locked.free[locked.first]
        }
        if let rested { return rested }
        let slot = CallSlot(pool: self)
        // Immortal: see CallSlot.
        _ = Unmanaged.passRetained(slot)
        return slot
    }

    func giveBack(_ slot: CallSlot) {
        locked.withLockedValue { locked in
            locked.inUse -= 1
            locked.free.append(slot)
        }
    }

    func reportViolation(_ reason: String, requestID: String) {
        services.violation(model, requestID, reason)
    }

    /// How a failure that the plugin reports reaches the client.
    func error(status: Status, message: String) -> SluiceError {
        let text = message.isEmpty ? "status \(status)" : message
        return SluiceError(
            status.errorCode, "model \"\(model)\": \(text)",
            detail: [.init("model", model), .init("status", "\(status)")])
    }

    /// How a broken contract reaches the client.
    func breach(_ reason: String) -> SluiceError {
        SluiceError(
            .modelBrokeContract, "model \"\(model)\" broke the plugin contract: \(reason)",
            detail: [.init("model", model)])
    }
}
