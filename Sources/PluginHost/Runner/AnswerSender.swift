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
    func send(_ part: borrowing InferencePart, of number: CallNumber) -> Bool {
        // Not the part itself: what is used inside of the lock would be a copy of all of it.
        let (outputs, parameters, isFinal) = (part.outputs, part.parameters, part.isFinal)
        var failure: (code: String, message: String)?
        if let error = part.error { failure = (error.code.text, error.message) }
        var lent: [TensorStorage] = []
        guard lend(outputs, &lent) else { return false }
        send(.part, lending: lent) { writer, token in
            writer.write(number.raw)
            writer.write(isFinal)
            writer.write(token)
            var next = 0
            writer.write(outputs) { place(of: $0, in: outputs, lent, &next) }
            writer.write(parameters)
            writer.write(failure != nil)
            if let failure {
                writer.write(failure.code)
                writer.write(failure.message)
            }
        }
        return true
    }

    /// Sees to it that outputs lie where the gateway can read them, and adds to `lent` what keeps them there: nothing for
    /// those that lie in the request's inputs.
    ///
    /// - Returns: false where some had to be copied and there was no room.
    private func lend(_ outputs: [Tensor], _ lent: inout [TensorStorage]) -> Bool {
        for index in outputs.indices {
            let base = outputs[index].storage.base + outputs[index].byteOffset
            let count = outputs[index].byteCount
            if outputs[index].dataType != .bytes, offsetInInputs(of: base, count) != nil { continue }
            guard lend(base, count, of: outputs[index].storage, &lent) else { return false }
            if let offsets = outputs[index].offsets {
                guard lend(offsets.base, offsets.byteCount, of: offsets, &lent) else { return false }
            }
        }
        return true
    }

    private func lend(
        _ bytes: UnsafeMutableRawPointer, _ count: Int, of storage: TensorStorage, _ lent: inout [TensorStorage]
    ) -> Bool {
        if count == 0 { return true }
        if arena.offset(of: bytes, byteCount: count) != nil {
            lent.append(storage)
            return true
        }
        guard let copy = TensorStorage.allocateIfPossible(byteCount: count, pool: arena) else { return false }
        copy.base.copyMemory(from: bytes, byteCount: count)
        lent.append(copy)
        return true
    }

    /// Where an output lies that was lent.
    ///
    /// - Parameter next: the first of `lent` that is of this output; afterwards that of the next one.
    private func place(of index: Int, in outputs: [Tensor], _ lent: [TensorStorage], _ next: inout Int) -> TensorPlace {
        let base = outputs[index].storage.base + outputs[index].byteOffset
        let count = outputs[index].byteCount
        if outputs[index].dataType != .bytes, let offset = offsetInInputs(of: base, count) {
            return TensorPlace(offset: offset, isInInputs: true)
        }
        var place = TensorPlace(offset: offset(of: base, count, lent, &next))
        if let offsets = outputs[index].offsets {
            place.offsetsOffset = offset(of: offsets.base, offsets.byteCount, lent, &next)
        }
        return place
    }

    private func offset(
        of bytes: UnsafeMutableRawPointer, _ count: Int, _ lent: [TensorStorage], _ next: inout Int
    ) -> Int {
        if count == 0 { return 0 }
        defer { next += 1 }
        if let offset = arena.offset(of: bytes, byteCount: count) { return offset }
        guard let offset = arena.offset(of: lent[next].base, byteCount: count) else {
            preconditionFailure("a copy in the arena lies elsewhere")
        }
        return offset
    }

    private func offsetInInputs(of bytes: UnsafeMutableRawPointer, _ count: Int) -> Int? {
        let offset = bytes - inputs.base
        return count > 0 && offset >= 0 && offset < inputs.byteCount ? offset : nil
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
