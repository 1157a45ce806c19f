internal import Tensors

/// Reads the wire format of protocol buffers from bytes that lie in one piece.
///
/// Every length is checked against what is there before anything is made for it. Groups, which no message here has, are
/// refused. Invariant: `0 <= position <= bytes.count`.
struct ProtobufReader {
    /// How a field's value is written.
    enum WireType: UInt8 {
        case varint = 0
        case fixed64 = 1
        case lengthDelimited = 2
        case fixed32 = 5
    }

    private let bytes: UnsafeRawBufferPointer
    private(set) var position = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { position == bytes.count }

    /// The next field's number and wire type; `nil` at the end.
    mutating func nextField() throws(SluiceError) -> (number: Int, type: WireType)? {
        if isAtEnd { return nil }
        let tag = try varint()
        guard tag <= UInt64(UInt32.max), tag >> 3 > 0, let type = WireType(rawValue: UInt8(tag & 7)) else {
            throw malformed("a field's tag")
        }
        return (Int(tag >> 3), type)
    }

    mutating func varint() throws(SluiceError) -> UInt64 {
        // Most are one byte long.
        if position < bytes.count, bytes[position] < 0x80 {
            position += 1
            return UInt64(bytes[position - 1])
        }
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard position < bytes.count else { throw malformed("a number that is cut off") }
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw malformed("a number of more than ten bytes")
    }

    mutating func fixed32() throws(SluiceError) -> UInt32 {
        guard bytes.count - position >= 4 else { throw malformed("a number that is cut off") }
        defer { position += 4 }
        return UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self))
    }

    mutating func fixed64() throws(SluiceError) -> UInt64 {
        guard bytes.count - position >= 8 else { throw malformed("a number that is cut off") }
        defer { position += 8 }
        return UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
    }

    /// The bytes of a length-delimited value.
    mutating func delimited() throws(SluiceError) -> UnsafeRawBufferPointer {
        let length = try varint()
        guard length <= UInt64(bytes.count - position) else {
            throw malformed("a length of \(length) where \(bytes.count - position) bytes are left")
        }
        defer { position += Int(length) }
        return UnsafeRawBufferPointer(rebasing: bytes[position..<(position + Int(length))])
    }

    /// A string, which has to be UTF-8.
    mutating func string() throws(SluiceError) -> String {
        let text = try delimited()
        guard UTF8Check.isValid(text) else { throw malformed("a string that is not UTF-8") }
        return String(decoding: text, as: UTF8.self)
    }

    /// Passes over the value of a field that isn't known or doesn't matter.
    mutating func skip(_ type: WireType) throws(SluiceError) {
        switch type {
        case .varint: _ = try varint()
        case .fixed64: _ = try fixed64()
        case .fixed32: _ = try fixed32()
        case .lengthDelimited: _ = try delimited()
        }
    }

    func malformed(_ what: String) -> SluiceError {
        SluiceError(.malformedBody, "the message is malformed: \(what) at byte \(position)")
    }
}
