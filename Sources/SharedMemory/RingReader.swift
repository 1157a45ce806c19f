internal import CSharedMemory
internal import Glibc
package import Tensors

/// The consuming end of a ring; one thread at a time reads, any number may sleep.
///
/// Besides readers, who read whatever comes, there may be a caller, who waits for one answer: as long as it is there it
/// reads, and readers are left asleep.
///
/// The producer may be hostile: its words are copied before they are checked, and a record is copied before anything in
/// it is looked at.
package struct RingReader: Sendable {
    private let memory: RingMemory
    /// Bytes ever read. Never read back from shared memory.
    private var head: UInt64 = 0

    package init(_ memory: RingMemory) {
        self.memory = memory
    }

    /// Takes the next record: replaces `payload` and returns its kind. `nil` where there is none.
    package mutating func read(into payload: inout [UInt8]) throws(RingFault) -> UInt32? {
        let tail = shared_load_u64(memory.producer + RingMemory.tail)
        let available = tail &- head
        guard available > 0 else { return nil }
        guard available <= UInt64(memory.capacity), available % 8 == 0 else {
            throw RingFault(description: "a ring's tail is \(tail), its head \(head)")
        }
        // A record begins at a multiple of 8, as the tail is one: its header never lies across the end.
        let header = shared_load_u64(memory.producer + RingMemory.bytes + Int(head & UInt64(memory.capacity - 1)))
        let length = Int(header & 0xFFFF_FFFF)
        guard length <= RingMemory.largestPayload, RingMemory.recordSize(payload: length) <= Int(available) else {
            throw RingFault(description: "a record of \(length) bytes where there are \(available)")
        }
        // Mostly records are as long as those before them.
        if payload.count != length {
            payload.removeAll(keepingCapacity: true)
            payload.append(contentsOf: repeatElement(0, count: length))
        }
        payload.withUnsafeMutableBytes { get($0, at: head &+ UInt64(RingMemory.headerSize)) }
        head &+= UInt64(RingMemory.recordSize(payload: length))
        shared_store_u64(memory.consumer + RingMemory.head, head)
        return UInt32(truncatingIfNeeded: header >> 32)
    }

    /// Whether nothing waits. What the producer says, for deciding whether to sleep only.
    package var isEmpty: Bool { shared_load_u64(memory.producer + RingMemory.tail) == head }

    private func get(_ bytes: UnsafeMutableRawBufferPointer, at position: UInt64) {
        let start = Int(position & UInt64(memory.capacity - 1))
        let first = min(bytes.count, memory.capacity - start)
        let source = memory.producer + RingMemory.bytes
        bytes.baseAddress?.copyMemory(from: source + start, byteCount: first)
        if first < bytes.count {
            bytes.baseAddress?.advanced(by: first).copyMemory(from: source, byteCount: bytes.count - first)
        }
    }

    /// The means to sleep until the producer rings; may be used while another thread reads.
    package var doorbell: Doorbell { Doorbell(memory: memory) }
}

/// Where a ring's consumers sleep.
package struct Doorbell: Sendable {
    /// Who sleeps.
    package enum Sleeper: Equatable, Sendable {
        /// A thread that reads whatever comes.
        case reader
        /// Somebody who has asked and waits a little for the answer; reads what comes meanwhile, all of it.
        case caller
        /// A reader that keeps to one processor, and that a producer wakes from there.
        case local(LocalReader)

        var kinds: UInt32 {
            switch self {
            case .reader: Doorbell.readers
            case .caller: Doorbell.callers
            case .local(let reader): reader.kinds
            }
        }
    }

    static let readers: UInt32 = 1
    static let callers: UInt32 = 2
    static let everybody: UInt32 = .max

    let memory: RingMemory

    /// A state of the doorbell: take it, then look whether the ring is empty, then sleep.
    package var state: UInt32 { shared_load_u32(memory.producer + RingMemory.doorbell) }

    /// Whether nothing waits, as far as both sides have said so; for whoever doesn't read just now.
    package var isRingEmpty: Bool {
        shared_load_u64(memory.producer + RingMemory.tail) == shared_load_u64(memory.consumer + RingMemory.head)
    }

    /// Says that this thread is about to sleep; `endSleep` must follow. Look at the ring once more in between.
    package func beginSleep(as sleeper: Sleeper = .reader) {
        switch sleeper {
        case .reader: break
        case .caller: shared_add_u32(memory.consumer + RingMemory.callersAsleep, 1)
        case .local: return
        }
        shared_add_u32(memory.consumer + RingMemory.sleepers, 1)
    }

    /// Sleeps while the doorbell is as it was; may return early.
    ///
    /// - Parameter end: until when at most; `nil` is without end.
    package func sleep(while state: UInt32, until end: MonotonicTime? = nil, as sleeper: Sleeper = .reader) {
        shared_wait(memory.producer + RingMemory.doorbell, state, end?.nanoseconds ?? 0, sleeper.kinds)
    }

    package func endSleep(as sleeper: Sleeper = .reader) {
        switch sleeper {
        case .reader: break
        case .caller: shared_subtract_u32(memory.consumer + RingMemory.callersAsleep, 1)
        case .local: return
        }
        shared_subtract_u32(memory.consumer + RingMemory.sleepers, 1)
    }

    /// A caller is there from now on and reads what comes; `leave` must follow.
    package func enter() {
        shared_add_u32(memory.consumer + RingMemory.callers, 1)
    }

    /// The caller goes. Look at the ring once more then: whatever still lies there, nobody has been woken for.
    package func leave() {
        shared_subtract_u32(memory.consumer + RingMemory.callers, 1)
    }

    /// Wakes one of this side's own readers, who looks at the ring then.
    package func wakeReader() {
        _ = shared_wake(memory.producer + RingMemory.doorbell, 1, Self.readers)
    }

    /// Wakes this side's own sleepers, who know by now that they must not sleep again, until none is left.
    ///
    /// Whoever has just looked and is about to sleep would miss a single call, and this side can't change the doorbell.
    package func dismissSleepers() {
        while shared_load_u32(memory.consumer + RingMemory.sleepers) != 0 {
            _ = shared_wake(memory.producer + RingMemory.doorbell, -1, Self.everybody)
            usleep(50)
        }
    }
}
