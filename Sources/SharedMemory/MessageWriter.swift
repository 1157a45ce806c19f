/// Writes values one after the other, for a reader that was built from the same source.
package struct MessageWriter: Sendable {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    /// Forgets everything but the memory.
    package mutating func reset() {
        bytes.removeAll(keepingCapacity: true)
    }

    // One function for each width instead of a generic one, which other modules would call without knowing the type.
    package mutating func write(_ value: UInt8) { bytes.append(value) }
    package mutating func write(_ value: Int32) { append(value) }
    package mutating func write(_ value: UInt32) { append(value) }
    package mutating func write(_ value: Int64) { append(value) }
    package mutating func write(_ value: UInt64) { append(value) }

    @inline(__always)
    private mutating func append<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value) {
        withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) }
    }

    package mutating func write(_ value: Bool) {
        bytes.append(value ? 1 : 0)
    }

    package mutating func write(_ value: Double) {
        write(value.bitPattern)
    }

    package mutating func write(_ text: String) {
        var text = text
        text.withUTF8 { utf8 in
            write(UInt32(clamping: utf8.count))
            bytes.append(contentsOf: utf8)
        }
    }

    /// Bytes of another message, as they are.
    package mutating func write(raw other: [UInt8]) {
        bytes.append(contentsOf: other)
    }

    /// A value that may be missing.
    package mutating func write<Value>(_ value: Value?, _ body: (inout MessageWriter, Value) -> Void) {
        write(value != nil)
        if let value { body(&self, value) }
    }

    package mutating func write<Value>(_ list: [Value], _ body: (inout MessageWriter, Value) -> Void) {
        write(UInt32(clamping: list.count))
        for value in list { body(&self, value) }
    }
}
