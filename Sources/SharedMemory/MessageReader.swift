/// Reads what a `MessageWriter` wrote, and believes nothing of it: every length is held against the bytes that there
/// are, every text must be UTF-8.
///
/// The bytes are private memory: messages are copied out of what is shared before they are read.
package struct MessageReader {
    /// What a message must not have.
    package struct Malformed: Error, Equatable, CustomStringConvertible {
        package var description: String

        package init(_ description: String) {
            self.description = description
        }
    }

    private let bytes: [UInt8]
    private var position = 0

    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    package var remaining: Int { bytes.count - position }

    // One function for each width instead of a generic one, which other modules would call without knowing the type.
    package mutating func read(_ type: UInt8.Type = UInt8.self) throws(Malformed) -> UInt8 { try number() }
    package mutating func read(_ type: Int32.Type = Int32.self) throws(Malformed) -> Int32 { try number() }
    package mutating func read(_ type: UInt32.Type = UInt32.self) throws(Malformed) -> UInt32 { try number() }
    package mutating func read(_ type: Int64.Type = Int64.self) throws(Malformed) -> Int64 { try number() }
    package mutating func read(_ type: UInt64.Type = UInt64.self) throws(Malformed) -> UInt64 { try number() }

    @inline(__always)
    private mutating func number<Value: FixedWidthInteger & BitwiseCopyable>() throws(Malformed) -> Value {
        let size = MemoryLayout<Value>.size
        guard remaining >= size else { throw Malformed("a message ends within a number") }
        defer { position += size }
        return bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: position, as: Value.self) }
    }

    package mutating func readBool() throws(Malformed) -> Bool {
        switch try read(UInt8.self) {
        case 0: return false
        case 1: return true
        case let other: throw Malformed("\(other) for true or false")
        }
    }

    package mutating func readDouble() throws(Malformed) -> Double {
        Double(bitPattern: try read(UInt64.self))
    }

    package mutating func readText(atMost limit: Int = .max) throws(Malformed) -> String {
        let count = Int(try read(UInt32.self))
        guard count <= remaining, count <= limit else { throw Malformed("a text of \(count) bytes") }
        defer { position += count }
        let text = bytes.withUnsafeBytes {
            Self.text(UnsafeRawBufferPointer(rebasing: $0[position..<position + count]))
        }
        guard let text else { throw Malformed("a text that is no UTF-8") }
        return text
    }

    /// Nearly all texts are ASCII, of which that is seen at once; what validates the others takes far longer for a short one.
    private static func text(_ bytes: UnsafeRawBufferPointer) -> String? {
        var all: UInt8 = 0
        for byte in bytes { all |= byte }
        return all < 0x80 ? String(decoding: bytes, as: UTF8.self) : String(validating: bytes, as: UTF8.self)
    }

    /// How many elements a list has that follow now, each of a byte at least.
    package mutating func readCount(atMost limit: Int) throws(Malformed) -> Int {
        let count = Int(try read(UInt32.self))
        guard count <= limit, count <= remaining else { throw Malformed("a list of \(count)") }
        return count
    }

    package mutating func readOptional<Value>(
        _ body: (inout MessageReader) throws(Malformed) -> Value
    ) throws(Malformed) -> Value? {
        try readBool() ? try body(&self) : nil
    }

    package mutating func readList<Value>(
        atMost limit: Int, _ body: (inout MessageReader) throws(Malformed) -> Value
    ) throws(Malformed) -> [Value] {
        let count = try readCount(atMost: limit)
        var list: [Value] = []
        list.reserveCapacity(count)
        for _ in 0..<count { list.append(try body(&self)) }
        return list
    }

    /// The message must be over.
    package func finish() throws(Malformed) {
        guard remaining == 0 else { throw Malformed("\(remaining) bytes after a message") }
    }
}
