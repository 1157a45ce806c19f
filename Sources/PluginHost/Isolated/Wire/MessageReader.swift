internal import Glibc

/// Reads what a `MessageWriter` wrote, and believes nothing of it: every length is held against the bytes that there
/// are, every text must be UTF-8.
///
/// The bytes are private memory: messages are copied out of what is shared before they are read.
struct MessageReader {
    /// What a message must not have.
    struct Malformed: Error, Equatable, CustomStringConvertible {
        var description: String

        init(_ description: String) {
            self.description = description
        }
    }

    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var remaining: Int { bytes.count - position }

    // In place: a call would take longer than what it is for.
    @inline(__always)
    mutating func read(_ type: UInt8.Type = UInt8.self) throws(Malformed) -> UInt8 { try number() }
    @inline(__always)
    mutating func read(_ type: Int32.Type = Int32.self) throws(Malformed) -> Int32 { try number() }
    @inline(__always)
    mutating func read(_ type: UInt32.Type = UInt32.self) throws(Malformed) -> UInt32 { try number() }
    @inline(__always)
    mutating func read(_ type: Int64.Type = Int64.self) throws(Malformed) -> Int64 { try number() }
    @inline(__always)
    mutating func read(_ type: UInt64.Type = UInt64.self) throws(Malformed) -> UInt64 { try number() }

    @inline(__always)
    private mutating func number<Value: FixedWidthInteger & BitwiseCopyable>() throws(Malformed) -> Value {
        let size = MemoryLayout<Value>.size
        guard remaining >= size else { throw Malformed("a message ends within a number") }
        let start = position
        position += size
        return bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: start, as: Value.self) }
    }

    mutating func readBool() throws(Malformed) -> Bool {
        switch try read(UInt8.self) {
        case 0: return false
        case 1: return true
        case let other: throw Malformed("\(other) for true or false")
        }
    }

    mutating func readDouble() throws(Malformed) -> Double {
        Double(bitPattern: try read(UInt64.self))
    }

    /// - Parameter likely: what it mostly is: then no new text is made of it.
    mutating func readText(atMost limit: Int = .max, likely: String? = nil) throws(Malformed) -> String {
        let count = Int(try read(UInt32.self))
        guard count <= remaining, count <= limit else { throw Malformed("a text of \(count) bytes") }
        defer { position += count }
        let text = bytes.withUnsafeBytes { bytes -> String? in
            let text = UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
            if let likely, Self.areBytes(text, of: likely) { return likely }
            return Self.text(text)
        }
        guard let text else { throw Malformed("a text that is no UTF-8") }
        return text
    }

    private static func areBytes(_ bytes: UnsafeRawBufferPointer, of text: String) -> Bool {
        var text = text
        return text.withUTF8 { utf8 in
            guard utf8.count == bytes.count else { return false }
            guard let known = utf8.baseAddress, let other = bytes.baseAddress else { return true }
            return memcmp(known, other, utf8.count) == 0
        }
    }

    /// Nearly all texts are ASCII, of which that is seen at once; what validates the others takes far longer for a short one.
    private static func text(_ bytes: UnsafeRawBufferPointer) -> String? {
        var all: UInt8 = 0
        for byte in bytes { all |= byte }
        return all < 0x80 ? String(decoding: bytes, as: UTF8.self) : String(validating: bytes, as: UTF8.self)
    }

    /// How many elements a list has that follow now, each of a byte at least.
    mutating func readCount(atMost limit: Int) throws(Malformed) -> Int {
        let count = Int(try read(UInt32.self))
        guard count <= limit, count <= remaining else { throw Malformed("a list of \(count)") }
        return count
    }

    mutating func readOptional<Value>(
        _ body: (inout MessageReader) throws(Malformed) -> Value
    ) throws(Malformed) -> Value? {
        try readBool() ? try body(&self) : nil
    }

    mutating func readList<Value>(
        atMost limit: Int, _ body: (inout MessageReader) throws(Malformed) -> Value
    ) throws(Malformed) -> [Value] {
        let count = try readCount(atMost: limit)
        var list: [Value] = []
        list.reserveCapacity(count)
        for _ in 0..<count { list.append(try body(&self)) }
        return list
    }

    /// The message must be over.
    func finish() throws(Malformed) {
        guard remaining == 0 else { throw Malformed("\(remaining) bytes after a message") }
    }
}
