internal import Tensors

/// The bytes that one record batch is about, and where in them each column's lie.
struct ArrowBatchWriter {
    private(set) var segments: [EncodedBody.Segment] = []
    /// How many values each column has, and how many aren't there.
    private(set) var nodes: [(Int, Int)] = []
    /// Where each buffer begins, and how long it is.
    private(set) var buffers: [(Int, Int)] = []
    private(set) var length = 0

    /// Whether all elements are UTF-8.
    static func isText(_ tensor: Tensor) -> Bool {
        (0..<tensor.elementCount).allSatisfy { tensor.withElement($0) { UTF8Check.isValid($0) } }
    }

    /// Appends a column.
    mutating func append(_ tensor: Tensor, rows: Int) {
        var count = rows
        nodes.append((count, 0))
        appendBuffer([])
        for size in tensor.shape.dropFirst() {
            count *= size
            nodes.append((count, 0))
            appendBuffer([])
        }
        switch tensor.dataType {
        case .bool:
            var bits = [UInt8](repeating: 0, count: (tensor.elementCount + 7) / 8)
            tensor.withBytes { bytes in
                for index in bytes.indices where bytes[index] != 0 { bits[index >> 3] |= 1 << UInt8(index & 7) }
            }
            appendBuffer(bits)
        case .bf16:
            let widened = tensor.elements(as: UInt16.self).map { Float(bitPattern: UInt32($0) << 16) }
            appendBuffer(widened.withUnsafeBytes { Array($0) })
        case .bytes:
            appendBuffer(Array(tensor.offsets?.bytes ?? UnsafeRawBufferPointer(start: nil, count: 0)))
            appendBuffer(tensor)
        default: appendBuffer(tensor)
        }
    }

    private mutating func appendBuffer(_ tensor: Tensor) {
        buffers.append((length, tensor.byteCount))
        if tensor.byteCount > 0 { segments.append(.tensor(tensor)) }
        pad(behind: tensor.byteCount)
    }

    private mutating func appendBuffer(_ bytes: [UInt8]) {
        buffers.append((length, bytes.count))
        if !bytes.isEmpty { segments.append(.bytes(bytes)) }
        pad(behind: bytes.count)
    }

    /// Each buffer begins at a multiple of 64 bytes.
    private mutating func pad(behind byteCount: Int) {
        let padding = (64 - byteCount % 64) % 64
        if padding > 0 { segments.append(.bytes([UInt8](repeating: 0, count: padding))) }
        length += byteCount + padding
    }
}
