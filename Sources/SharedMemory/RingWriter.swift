internal import CSharedMemory

/// The producing end of a ring; one thread at a time uses it.
package struct RingWriter: Sendable {
    let memory: RingMemory
    /// Bytes ever written. Never read back from shared memory.
    private var tail: UInt64 = 0
    /// What is known to have been read.
    private var knownHead: UInt64 = 0

    package init(_ memory: RingMemory) {
        self.memory = memory
    }

    /// Bytes that wait for the consumer, as far as it is known.
    package var pendingByteCount: Int { Int(tail &- knownHead) }

    /// Appends a record; the consumer may see it at once, but isn't woken. False where there is no room.
    package mutating func write(kind: UInt32, _ payload: [UInt8]) throws(RingFault) -> Bool {
        try payload.withUnsafeBufferPointer { payload throws(RingFault) in
            try write(kind: kind, UnsafeRawBufferPointer(payload))
        }
    }

    package mutating func write(kind: UInt32, _ payload: UnsafeRawBufferPointer) throws(RingFault) -> Bool {
        precondition(payload.count <= RingMemory.largestPayload)
        let size = RingMemory.recordSize(payload: payload.count)
        guard try hasRoom(for: size) else { return false }
        var header = UInt64(payload.count) | UInt64(kind) << 32
        withUnsafeBytes(of: &header) { put($0, at: tail) }
        put(payload, at: tail &+ UInt64(RingMemory.headerSize))
        tail &+= UInt64(size)
        shared_store_u64(memory.producer + RingMemory.tail, tail)
        return true
    }

    private mutating func hasRoom(for size: Int) throws(RingFault) -> Bool {
        if memory.capacity - Int(tail &- knownHead) >= size { return true }
        let head = shared_load_u64(memory.consumer + RingMemory.head)
        // The head only grows, and never beyond the tail.
        guard head &- knownHead <= tail &- knownHead else {
            throw RingFault(description: "a ring's head is \(head), between \(knownHead) and \(tail) at most")
        }
        knownHead = head
        return memory.capacity - Int(tail &- knownHead) >= size
    }

    private func put(_ bytes: UnsafeRawBufferPointer, at position: UInt64) {
        guard let source = bytes.baseAddress, bytes.count > 0 else { return }
        let start = Int(position & UInt64(memory.capacity - 1))
        let first = min(bytes.count, memory.capacity - start)
        (memory.producer + RingMemory.bytes + start).copyMemory(from: source, byteCount: first)
        if first < bytes.count {
            (memory.producer + RingMemory.bytes).copyMemory(from: source + first, byteCount: bytes.count - first)
        }
    }

    /// Tells a sleeping consumer that there is something; costs no system call while it is awake.
    ///
    /// - Parameter isMoreComing: whether this side is about to write more: a caller, who sleeps for a moment only, sleeps
    ///   on until then and takes all of it at once. Readers are woken in any case.
    package func ring(isMoreComing: Bool = false) {
        note()
        wake(isMoreComing: isMoreComing)
    }

    /// Tells consumers who are awake that there is something; `wake` must follow, for those who sleep.
    package func note() {
        shared_add_u32(memory.producer + RingMemory.doorbell, 1)
    }

    /// Wakes a consumer that went to sleep before something was noted.
    package func wake(isMoreComing: Bool = false) {
        let doorbell = memory.producer + RingMemory.doorbell
        if shared_load_u32(memory.consumer + RingMemory.callers) != 0 {
            if !isMoreComing, shared_load_u32(memory.consumer + RingMemory.callersAsleep) != 0 {
                _ = shared_wake(doorbell, 1, Doorbell.callers)
            }
        } else if shared_load_u32(memory.consumer + RingMemory.sleepers) != 0 {
            _ = shared_wake(doorbell, 1, Doorbell.readers)
        }
    }

    /// Wakes everybody who sleeps, whatever there is.
    package func ringAll() {
        shared_add_u32(memory.producer + RingMemory.doorbell, 1)
        _ = shared_wake(memory.producer + RingMemory.doorbell, -1, Doorbell.everybody)
    }
}
