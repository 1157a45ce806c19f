internal import Codecs

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
    mutating func write(_ wanted: Int, to buffer: inout OutboundBuffer) {
        var wanted = wanted
        count -= wanted
        while wanted > 0, prefixLeft > 0 {
            prefixLeft -= 1
            wanted -= 1
            buffer.bytes.append(UInt8(truncatingIfNeeded: prefix >> UInt64(8 * prefixLeft)))
        }
        while wanted > 0 {
            let size = segments[index].byteCount
            let taken = min(wanted, size - offset)
            buffer.append(segments[index], offset..<(offset + taken))
            wanted -= taken
            offset += taken
            if offset == size {
                index += 1
                offset = 0
            }
        }
    }
}
