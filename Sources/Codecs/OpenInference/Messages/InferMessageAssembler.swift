package import Tensors

/// Puts a `ModelInferRequest` together from the pieces in which it comes in.
///
/// It knows just enough of the message to see where a raw tensor begins, and copies each tensor's bytes straight from
/// the network's buffer to where the plugin will read them: once, aligned, however they were cut. A plain state machine;
/// what it makes room for never exceeds the bytes that the message says it has.
package struct InferMessageAssembler {
    private static let rawInputContents: UInt64 = 7 << 3 | 2
    /// The longest tag or length there can be.
    private static let longestNumber = 10

    private enum State {
        /// Collecting the bytes of a field's tag.
        case tag
        /// Collecting the length of a field; the tag tells which.
        case length(tag: UInt64)
        /// Collecting the value of a varint.
        case varint
        /// Copying so many bytes more of a field that isn't a raw tensor.
        case plain(Int)
        /// Copying a raw tensor from `filled` on.
        case raw(TensorStorage, filled: Int)
    }

    private var state = State.tag
    private var message = InferMessage()
    /// Bytes of the message that are still to come.
    private var left: Int
    /// The number that is being collected.
    private var number: UInt64 = 0
    private var digits = 0

    /// - Parameter length: bytes of the message, which the caller has found acceptable.
    package init(length: Int) {
        left = length
        message.head.reserveCapacity(min(length, 256))
    }

    /// Takes the next bytes of the message, and no more than it has.
    ///
    /// - Throws: `malformed_body`; `payload_too_large` where there isn't memory for what the message announces.
    package mutating func append(_ bytes: UnsafeRawBufferPointer) throws(SluiceError) {
        precondition(bytes.count <= left)
        if bytes.count == left, message.head.isEmpty, case .tag = state, digits == 0, takeWhole(bytes) { return }
        var position = 0
        while position < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[position...])
            switch state {
            case .tag, .length, .varint:
                left -= 1
                position += 1
                try take(rest[0])
            case .plain(let count):
                let taken = min(count, rest.count)
                message.head.append(contentsOf: UnsafeRawBufferPointer(rebasing: rest[..<taken]))
                advance(taken, &position)
                state = taken == count ? .tag : .plain(count - taken)
            case .raw(let storage, let filled):
                let taken = min(storage.byteCount - filled, rest.count)
                storage.mutableBytes[filled...].copy(taken, from: rest)
                advance(taken, &position)
                if filled + taken == storage.byteCount {
                    message.raw.append(storage)
                    state = .tag
                } else {
                    state = .raw(storage, filled: filled + taken)
                }
            }
        }
    }

    /// Takes the whole message at once: most come in one piece, and few bytes of it have to be looked at then.
    ///
    /// - Returns: `false` where something isn't right with it: nothing is taken then, and byte by byte it is found out what.
    private mutating func takeWhole(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard message.raw.isEmpty else { return false }
        do throws(SluiceError) {
            var reader = ProtobufReader(bytes)
            var plain = 0
            var position = 0
            while let field = try reader.nextField() {
                // Numbers that are longer than they need be are written anew, byte by byte.
                var shortest = ProtobufWriter.size(UInt64(field.number) << 3 | UInt64(field.type.rawValue))
                guard reader.position - position == shortest else { throw Self.malformed("") }
                if field.type == .lengthDelimited {
                    var ahead = reader
                    let count = try ahead.delimited().count
                    shortest += ProtobufWriter.size(UInt64(count)) + count
                    guard ahead.position - position == shortest else { throw Self.malformed("") }
                }
                if field.number == 7, field.type == .lengthDelimited {
                    let contents = try reader.delimited()
                    guard message.raw.count < 1024,
                        let storage = TensorStorage.allocateIfPossible(byteCount: contents.count)
                    else { throw Self.malformed("") }
                    if let source = contents.baseAddress, contents.count > 0 {
                        storage.base.copyMemory(from: source, byteCount: contents.count)
                    }
                    message.raw.append(storage)
                    message.head.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[plain..<position]))
                    plain = reader.position
                } else {
                    try reader.skip(field.type)
                }
                position = reader.position
            }
            message.head.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[plain...]))
        } catch {
            message = InferMessage()
            return false
        }
        left = 0
        return true
    }

    private mutating func advance(_ count: Int, _ position: inout Int) {
        left -= count
        position += count
    }

    /// One byte of a tag, a length or a number.
    private mutating func take(_ byte: UInt8) throws(SluiceError) {
        guard digits < Self.longestNumber else { throw Self.malformed("a number has more than ten bytes") }
        number |= UInt64(byte & 0x7F) << UInt64(7 * digits)
        digits += 1
        let isComplete = byte < 0x80
        if case .varint = state { message.head.append(byte) }
        guard isComplete else { return }
        let value = number
        (number, digits) = (0, 0)
        switch state {
        case .tag: try begin(value)
        case .length(let tag): try beginValue(tag: tag, length: value)
        default: state = .tag
        }
    }

    private mutating func begin(_ tag: UInt64) throws(SluiceError) {
        guard tag <= UInt64(UInt32.max), tag >> 3 > 0 else { throw Self.malformed("a field's tag is out of range") }
        if tag != Self.rawInputContents { appendNumber(tag) }
        switch ProtobufReader.WireType(rawValue: UInt8(tag & 7)) {
        case .varint: state = .varint
        case .fixed64: try beginPlain(8)
        case .fixed32: try beginPlain(4)
        case .lengthDelimited: state = .length(tag: tag)
        case nil: throw Self.malformed("a field has a wire type that isn't used here")
        }
    }

    private mutating func beginValue(tag: UInt64, length: UInt64) throws(SluiceError) {
        guard length <= UInt64(left) else {
            throw Self.malformed("a field says it has \(length) bytes where \(left) are left")
        }
        guard tag == Self.rawInputContents else {
            appendNumber(length)
            return try beginPlain(Int(length))
        }
        guard message.raw.count < 1024 else { throw Self.malformed("it has more than 1024 raw_input_contents") }
        if length == 0 {
            message.raw.append(.empty)
            state = .tag
            return
        }
        guard let storage = TensorStorage.allocateIfPossible(byteCount: Int(length)) else {
            throw SluiceError(.payloadTooLarge, "there is no memory for a tensor of \(length) bytes")
        }
        state = .raw(storage, filled: 0)
    }

    private mutating func beginPlain(_ count: Int) throws(SluiceError) {
        guard count <= left else { throw Self.malformed("its last field is cut off") }
        state = count == 0 ? .tag : .plain(count)
    }

    private mutating func appendNumber(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            message.head.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        message.head.append(UInt8(truncatingIfNeeded: rest))
    }

    /// The whole message, once all its bytes have come in.
    ///
    /// - Throws: `malformed_body` where it ends in the middle of a field.
    package consuming func finish() throws(SluiceError) -> InferMessage {
        guard case .tag = state, digits == 0, left == 0 else {
            throw Self.malformed("it ends in the middle of a field")
        }
        return message
    }

    private static func malformed(_ what: String) -> SluiceError {
        SluiceError(.malformedBody, "the message is malformed: \(what)")
    }
}

extension Slice<UnsafeMutableRawBufferPointer> {
    /// Copies the first `count` bytes of `source` to the beginning, where there is room for them.
    fileprivate func copy(_ count: Int, from source: UnsafeRawBufferPointer) {
        UnsafeMutableRawBufferPointer(rebasing: self[startIndex..<(startIndex + count)])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[..<count]))
    }
}
