internal import NIOConcurrencyHelpers
internal import Routing
internal import Tensors

/// An answer in parts, kept for a shadow while it goes out, in memory of its own.
///
/// It ends with whoever has it: where an answer breaks off, nothing is left of its recording.
final class ShadowRecording: Sendable {
    private struct Locked {
        var envelope: Envelope
        var answer = ShadowAnswer()
        /// Whether all of it could be kept.
        var isWhole = true
    }

    private let shadow: ShadowTraffic
    private let place: ShadowPlace
    private let locked: NIOLockedValueBox<Locked>
    /// Whether what it is given is somebody else's again as soon as the call returns.
    private let copiesAtOnce: Bool

    /// - Parameter place: with room for the inputs.
    init(_ envelope: Envelope, of shadow: ShadowTraffic, in place: ShadowPlace, copiesAtOnce: Bool) {
        self.shadow = shadow
        self.place = place
        self.copiesAtOnce = copiesAtOnce
        locked = NIOLockedValueBox(Locked(envelope: envelope))
        copy(envelope.inputs) { $0.envelope.inputs = $1 }
    }

    /// One part goes out.
    func add(_ outputs: [Tensor]) {
        guard !outputs.isEmpty else { return }
        guard place.grow(by: outputs.reduce(0) { $0 + $1.heldBytes }) else {
            place.end { $0.leftOut(isFull: true) }
            locked.withLockedValue { locked in
                (locked.answer, locked.isWhole) = (ShadowAnswer(), false)
                locked.envelope.inputs = []
            }
            return
        }
        copy(outputs) { $0.answer.add($1) }
    }

    private func copy(_ tensors: [Tensor], _ use: @escaping @Sendable (inout Locked, [Tensor]) -> Void) {
        let work: @Sendable () -> Void = { [self] in
            // What is given up is copied no more.
            guard locked.withLockedValue({ $0.isWhole }) else { return }
            let copies = tensors.copied
            locked.withLockedValue { locked in
                if let copies, locked.isWhole { use(&locked, copies) } else { locked.isWhole = false }
            }
        }
        if copiesAtOnce { work() } else { shadow.copy(work) }
    }

    /// The answer is whole, and everything is copied; `nil` where it isn't.
    func sample(nanoseconds: UInt64) -> ShadowSample? {
        locked.withLockedValue { locked in
            guard locked.isWhole else { return nil }
            return ShadowSample(
                envelope: locked.envelope, answer: locked.answer, nanoseconds: nanoseconds, place: place)
        }
    }

    /// It can't be shown.
    func end(code: SluiceError.Code) { place.end { $0.failed(code: code.text) } }
}
