internal import SharedMemory

/// Writes values one after the other, for a reader that was built from the same source.
///
/// A number is stored where there is room already: to append each of its bytes to an array would take several times as long,
/// and a message is mostly numbers.
struct MessageWriter: Sendable {
    /// The message, and room behind it.
    private var memory: [UInt8] = []
    /// How long the message is by now.
    private(set) var count = 0

    init() {}

    /// A copy of the message.
    var bytes: [UInt8] { Array(memory[..<count]) }

    /// The message where it lies. Valid only inside `body`.
    func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try memory.withUnsafeBufferPointer { memory throws(Failure) in
            try body(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(memory)[..<count]))
        }
    }

    /// Forgets everything but the memory.
    mutating func reset() {
        count = 0
    }

    // In place: a call would take longer than what it is for.
    @inline(__always)
    mutating func write(_ value: UInt8) { store(value) }
    @inline(__always)
    mutating func write(_ value: Int32) { store(value) }
    @inline(__always)
    mutating func write(_ value: UInt32) { store(value) }
    @inline(__always)
    mutating func write(_ value: Int64) { store(value) }
    @inline(__always)
    mutating func write(_ value: UInt64) { store(value) }

    @inline(__always)
    private mutating func store<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value) {
        let size = MemoryLayout<Value>.size
        if memory.count - count < size { makeRoom(for: size) }
        memory.withUnsafeMutableBytes { $0.storeBytes(of: value, toByteOffset: count, as: Value.self) }
        count += size
    }

    @inline(__always)
    private mutating func store(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, bytes.count > 0 else { return }
        if memory.count - count < bytes.count { makeRoom(for: bytes.count) }
        memory.withUnsafeMutableBytes { memory in
            // There is room, so there is an address.
            (memory.baseAddress! + count).copyMemory(from: source, byteCount: bytes.count)
        }
        count += bytes.count
    }

    @inline(never)
    private mutating func makeRoom(for more: Int) {
        let wanted = max(256, 2 * (count + more))
        memory.append(contentsOf: repeatElement(0, count: wanted - memory.count))
    }

    mutating func write(_ value: Bool) {
        write(value ? 1 : 0 as UInt8)
    }

    mutating func write(_ value: Double) {
        write(value.bitPattern)
    }

    mutating func write(_ text: String) {
        var text = text
        text.withUTF8 { utf8 in
            write(UInt32(clamping: utf8.count))
            store(UnsafeRawBufferPointer(utf8))
        }
    }

    /// Another message, as it is.
    mutating func write(raw other: MessageWriter) {
        other.withBytes { store($0) }
    }

    /// A value that may be missing.
    mutating func write<Value>(_ value: Value?, _ body: (inout MessageWriter, Value) -> Void) {
        write(value != nil)
        if let value { body(&self, value) }
    }

    mutating func write<Value>(_ list: [Value], _ body: (inout MessageWriter, Value) -> Void) {
        write(UInt32(clamping: list.count))
        for value in list { body(&self, value) }
    }
}

extension RingWriter {
    /// Appends a message as a record; false where there is no room.
    mutating func write(kind: UInt32, _ message: MessageWriter) throws(RingFault) -> Bool {
        try message.withBytes { payload throws(RingFault) in try write(kind: kind, payload) }
    }
}
