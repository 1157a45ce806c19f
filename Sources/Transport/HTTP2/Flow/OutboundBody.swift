internal import Codecs
internal import Tensors

/// Bytes of a response that are still to be written, where they lie: nothing is copied before its client's window is open.
struct OutboundBody {
    private var segments: [EncodedBody.Segment]
    private var index = 0
    private var offset = 0
    /// A gRPC message's flag and length, in front of it.
    private var prefix: UInt64 = 0
    private var prefixLeft = 0
    /// Bytes that are still to be written.
    private(set) var count: Int

    init(_ segments: [EncodedBody.Segment]) {
        self.segments = segments
        count = segments.reduce(0) { $0 + $1.byteCount }
    }

    /// A message as gRPC frames it.
    init(message: EncodedBody, isCompressed: Bool) {
        self.init(message.segments)
        prefix = (isCompressed ? 1 : 0) << 32 | UInt64(UInt32(truncatingIfNeeded: count))
        prefixLeft = 5
        count += 5
    }

    /// Appends the next `wanted` bytes, of which there must be so many.
    mutating func write(_ wanted: Int, to bytes: inout [UInt8]) {
        var wanted = wanted
        count -= wanted
        while wanted > 0, prefixLeft > 0 {
            prefixLeft -= 1
            wanted -= 1
            bytes.append(UInt8(truncatingIfNeeded: prefix >> UInt64(8 * prefixLeft)))
        }
        while wanted > 0 {
            let segment = segments[index]
            let taken = min(wanted, segment.byteCount - offset)
            let range = offset..<(offset + taken)
            switch segment {
            case .bytes(let source): bytes.append(contentsOf: source[range])
            case .tensor(let tensor):
                unsafe tensor.withBytes { unsafe bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: $0[range])) }
            }
            wanted -= taken
            offset += taken
            if offset == segment.byteCount {
                index += 1
                offset = 0
            }
        }
    }
}
