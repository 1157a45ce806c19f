internal import Glibc
internal import NIOConcurrencyHelpers
internal import SharedMemory
internal import Tensors

/// What a runner sends: parts of answers, log lines, metrics. Any thread sends.
final class AnswerSender: Sendable {
    private struct Locked: Sendable {
        var ring: RingWriter
        var message = MessageWriter()
        /// Answers in a row of which a caller who sleeps wasn't told, as more were coming.
        var quietAnswers = 0
        /// Memory that the gateway reads, until it says that it is done.
        var lent: [UInt64: [TensorStorage]] = [:]
        private var lastToken: UInt64 = 0

        init(ring: RingWriter) {
            self.ring = ring
        }

        /// A name for memory that is lent; 0 is none.
        mutating func newToken() -> UInt64 {
            lastToken += 1
            return lastToken
        }
    }

    /// Answers that a caller sleeps through, where more of them come at once, at most.
    private static let answersTogether = 8
    /// How long to wait before looking again for room in the ring: the gateway is behind, which it seldom is.
    private static let pause: useconds_t = 100

    /// Where outputs lie.
    let arena: SharedArena
    /// Where requests lie: a plugin may answer with what it was asked, which needs no copy.
    private let inputs: SharedRegion
    /// Where requests come from.
    private let requests: Doorbell
    private let locked: NIOLockedValueBox<Locked>

    init(ring: RingMemory, arena: SharedArena, inputs: SharedRegion, requests: Doorbell) {
        self.arena = arena
        self.inputs = inputs
        self.requests = requests
        self.locked = NIOLockedValueBox(Locked(ring: RingWriter(ring)))
    }

    /// The gateway has no more use for some memory.
    func takeBack(token: UInt64) {
        // Released outside the lock.
        withExtendedLifetime(locked.withLockedValue { $0.lent.removeValue(forKey: token) }) {}
    }

    func send(_ kind: MessageKind.Answer, _ body: (inout MessageWriter) -> Void) {
        send(kind, lending: []) { writer, _ in body(&writer) }
    }

    /// One part of an answer. Outputs that are not in the arena are copied there.
    ///
    /// - Returns: false where there is no room for them; nothing is sent then.
    func send(_ part: InferencePart, of number: CallNumber) -> Bool {
        var storages: [TensorStorage] = []
        var places: [TensorPlace] = []
        places.reserveCapacity(part.outputs.count)
        for output in part.outputs {
            let base = output.storage.base + output.byteOffset
            if output.dataType != .bytes, let offset = offsetInInputs(of: base, output.byteCount) {
                places.append(TensorPlace(offset: offset, isInInputs: true))
                continue
            }
            guard let data = shared(base, output.byteCount, of: output.storage) else { return false }
            var place = TensorPlace(offset: data.offset)
            if let storage = data.storage { storages.append(storage) }
            if let offsets = output.offsets {
                guard let shared = shared(offsets.base, offsets.byteCount, of: offsets) else { return false }
                place.offsetsOffset = shared.offset
                if let storage = shared.storage { storages.append(storage) }
            }
            places.append(place)
        }
        send(.part, lending: storages) { writer, token in
            writer.write(number.raw)
            writer.write(part.isFinal)
            writer.write(token)
            writer.write(UInt32(part.outputs.count))
            for (output, place) in zip(part.outputs, places) { writer.write(output, at: place) }
            writer.write(part.parameters)
            writer.write(part.error != nil)
            if let error = part.error {
                writer.write(error.code.text)
                writer.write(error.message)
            }
        }
        return true
    }

    private func offsetInInputs(of bytes: UnsafeMutableRawPointer, _ count: Int) -> Int? {
        let offset = bytes - inputs.base
        return count > 0 && offset >= 0 && offset < inputs.byteCount ? offset : nil
    }

    /// Where some bytes lie in the arena, and what keeps them there; `nil` where they had to be copied and there was no
    /// room.
    private func shared(
        _ bytes: UnsafeMutableRawPointer, _ count: Int, of storage: TensorStorage
    ) -> (offset: Int, storage: TensorStorage?)? {
        if count == 0 { return (0, nil) }
        if let offset = arena.offset(of: bytes, byteCount: count) { return (offset, storage) }
        guard let copy = TensorStorage.allocateIfPossible(byteCount: count, pool: arena) else { return nil }
        copy.base.copyMemory(from: bytes, byteCount: count)
        return arena.offset(of: copy.base, byteCount: count).map { ($0, copy) }
    }

    private func send(
        _ kind: MessageKind.Answer, lending storages: [TensorStorage],
        _ body: (inout MessageWriter, _ token: UInt64) -> Void
    ) {
        while true {
            let isSent = locked.withLockedValue { locked -> Bool in
                let token = storages.isEmpty ? 0 : locked.newToken()
                locked.message.reset()
                body(&locked.message, token)
                guard write(kind.rawValue, &locked) else { return false }
                if token != 0 { locked.lent[token] = storages }
                // Where more requests wait a caller had better be woken once for all of their answers.
                let isMoreComing = locked.quietAnswers < Self.answersTogether && !requests.isRingEmpty
                locked.quietAnswers = isMoreComing ? locked.quietAnswers + 1 : 0
                locked.ring.ring(isMoreComing: isMoreComing)
                return true
            }
            if isSent { return }
            usleep(Self.pause)
        }
    }

    /// Writes the message into the ring or, where it is too large for that, into the arena.
    private func write(_ kind: UInt32, _ locked: inout Locked) -> Bool {
        do {
            let count = locked.message.count
            guard count > RingMemory.largestPayload else {
                return try locked.ring.write(kind: kind, locked.message)
            }
            guard let block = TensorStorage.allocateIfPossible(byteCount: count, pool: arena),
                let offset = arena.offset(of: block.base, byteCount: count)
            else { return false }
            locked.message.withBytes { block.mutableBytes.copyMemory(from: $0) }
            var pointer = MessageWriter()
            let token = locked.newToken()
            pointer.write(UInt64(offset))
            pointer.write(UInt64(count))
            pointer.write(token)
            guard try locked.ring.write(kind: kind | MessageKind.isElsewhere, pointer) else { return false }
            locked.lent[token] = [block]
            return true
        } catch {
            // The gateway's words are nonsense: there is nobody to go on for.
            _exit(1)
        }
    }
}
