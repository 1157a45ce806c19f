internal import NIOCore

/// Makes values of what a Redis server sends; sizes and depths are bounded, as nothing that comes from outside is trusted.
struct RESPDecoder {
    /// What the server sent is no such value, or one larger than any that was asked for.
    struct Malformed: Error {}

    static let lineLength = 4_096
    static let bulkLength = 1 << 20
    static let items = 1_024
    static let depth = 4

    mutating func decode(buffer: inout ByteBuffer) throws -> RESPValue? {
        var reader = buffer
        guard let value = try Self.value(&reader, depth: 0) else { return nil }
        buffer = reader
        return value
    }

    /// The value at the front; `nil` where it isn't all there.
    private static func value(_ buffer: inout ByteBuffer, depth: Int) throws -> RESPValue? {
        guard depth <= Self.depth else { throw Malformed() }
        guard let kind: UInt8 = buffer.readInteger() else { return nil }
        guard let line = try line(&buffer) else { return nil }
        switch kind {
        case UInt8(ascii: "+"): return .simple(line)
        case UInt8(ascii: "-"): return .error(line)
        case UInt8(ascii: ":"):
            guard let number = Int64(line) else { throw Malformed() }
            return .integer(number)
        case UInt8(ascii: "$"):
            guard let length = Int(line), (-1...bulkLength).contains(length) else { throw Malformed() }
            if length < 0 { return .bulk(nil) }
            guard buffer.readableBytes >= length + 2 else { return nil }
            let bytes = buffer.readBytes(length: length) ?? []
            guard buffer.readString(length: 2) == "\r\n" else { throw Malformed() }
            return .bulk(bytes)
        case UInt8(ascii: "*"):
            guard let count = Int(line), (-1...items).contains(count) else { throw Malformed() }
            if count < 0 { return .array(nil) }
            var values: [RESPValue] = []
            for _ in 0..<count {
                guard let item = try value(&buffer, depth: depth + 1) else { return nil }
                values.append(item)
            }
            return .array(values)
        default: throw Malformed()
        }
    }

    private static func line(_ buffer: inout ByteBuffer) throws -> String? {
        let view = buffer.readableBytesView
        guard let end = view.prefix(lineLength + 2).firstIndex(of: UInt8(ascii: "\n")) else {
            if view.count > lineLength { throw Malformed() }
            return nil
        }
        guard let line = buffer.readString(length: end - view.startIndex + 1), line.hasSuffix("\r\n") else {
            throw Malformed()
        }
        // Swift takes CR and LF for one character.
        return String(line.dropLast())
    }
}
