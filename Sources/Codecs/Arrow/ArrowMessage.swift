internal import Tensors

/// One message of an Arrow stream: what it says, and the bytes that it is about.
struct ArrowMessage {
    enum Header {
        case schema(FlatTable)
        case dictionary(id: Int64, isDelta: Bool, batch: FlatTable)
        case batch(FlatTable)
    }

    let header: Header
    let body: UnsafeRawBufferPointer
}

/// Splits an Arrow IPC stream into its messages. An Arrow file is a stream with something around it, and read as one.
struct ArrowMessages {
    /// Larger metadata are refused: 65,536 columns take less.
    private static let maximumMetadata = 16 << 20

    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    /// - Throws: `malformed_body` where the bytes can't be a stream.
    init(_ bytes: UnsafeRawBufferPointer) throws(SluiceError) {
        self.bytes = bytes
        // A file's magic, padded to 8 bytes.
        if bytes.starts(with: Array("ARROW1".utf8)) { position = 8 }
        guard position <= bytes.count else { throw Self.cutOff }
    }

    private static let cutOff = SluiceError(.malformedBody, "the Arrow stream is cut off")

    /// The next message; `nil` at the end of the stream.
    ///
    /// - Throws: `malformed_body`; `invalid_input` for a message that is no table's.
    mutating func next() throws(SluiceError) -> ArrowMessage? {
        if position == bytes.count { return nil }
        guard bytes.count - position >= 8 else { throw Self.cutOff }
        guard bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self) == 0xFFFF_FFFF else {
            throw SluiceError(
                .malformedBody, "the body is no Arrow stream: at byte \(position) there is no message")
        }
        let length = Int(Int32(littleEndian: bytes.loadUnaligned(fromByteOffset: position + 4, as: Int32.self)))
        if length == 0 {
            position = bytes.count
            return nil
        }
        guard length > 0, length <= Self.maximumMetadata else {
            throw SluiceError(
                .malformedBody,
                "an Arrow message says that its metadata have \(length) bytes; at most \(Self.maximumMetadata) are read"
            )
        }
        guard length <= bytes.count - position - 8 else { throw Self.cutOff }
        let start = position + 8
        let message = try FlatTable(rootOf: UnsafeRawBufferPointer(rebasing: bytes[start..<(start + length)]))
        guard try message.number(0, otherwise: Int16(0)) >= 3 else {
            throw SluiceError(.malformedBody, "the Arrow stream is of a version before 0.8, which is not read here")
        }
        let bodyLength = try message.number(3, otherwise: Int64(0))
        guard bodyLength >= 0, bodyLength <= Int64(bytes.count - start - length) else { throw Self.cutOff }
        let bodyStart = start + length
        position = bodyStart + Int(bodyLength)
        guard let content = try message.table(2) else { throw FlatTable.malformed }
        let header: ArrowMessage.Header
        switch try message.number(1, otherwise: UInt8(0)) {
        case 1: header = .schema(content)
        case 2:
            guard let batch = try content.table(1) else { throw FlatTable.malformed }
            header = .dictionary(
                id: try content.number(0, otherwise: 0), isDelta: try content.number(2, otherwise: UInt8(0)) != 0,
                batch: batch)
        case 3: header = .batch(content)
        case 4, 5:
            throw SluiceError(.invalidInput, "the Arrow stream holds a tensor; record batches are read here")
        default: throw FlatTable.malformed
        }
        return ArrowMessage(header: header, body: UnsafeRawBufferPointer(rebasing: bytes[bodyStart..<position]))
    }
}
