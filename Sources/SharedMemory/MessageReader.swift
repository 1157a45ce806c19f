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

    package mutating func read<Value: FixedWidthInteger & BitwiseCopyable>(
        _ type: Value.Type = Value.self
    ) throws(Malformed) -> Value {
        let size = MemoryLayout<Value>.size
        guard remaining >= size else { throw Malformed("a message ends within a number") }
        defer { position += size }
        return bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: position, as: type) }
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
        guard let text = String(validating: bytes[position..<position + count], as: UTF8.self) else {
            throw Malformed("a text that is no UTF-8")
        }
        return text
    }

    package mutating func readOptional<Value>(
        _ body: (inout MessageReader) throws(Malformed) -> Value
    ) throws(Malformed) -> Value? {
        try readBool() ? try body(&self) : nil
    }

    package mutating func readList<Value>(
        atMost limit: Int, _ body: (inout MessageReader) throws(Malformed) -> Value
    ) throws(Malformed) -> [Value] {
        let count = Int(try read(UInt32.self))
        // Every element takes a byte at least.
        guard count <= limit, count <= remaining else { throw Malformed("a list of \(count)") }
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
