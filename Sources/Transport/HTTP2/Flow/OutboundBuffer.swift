internal import Codecs
internal import NIOCore
internal import Tensors

/// Frames on their way to the socket: most bytes are copied here, those of large tensors go out from where they lie.
struct OutboundBuffer {
    /// Bytes of a tensor that belong between two of the buffer's own.
    struct Splice {
        /// How many of the buffer's own bytes stand before it.
        var position: Int
        var storage: TensorStorage
        var range: Range<Int>
    }

    /// Below this a copy is cheaper than one more piece.
    private static let smallestSplice = 4 << 10

    /// The buffer's own bytes; others may append to them.
    var bytes: [UInt8] = []
    private(set) var splices: [Splice] = []
    private var splicedCount = 0

    var count: Int { bytes.count + splicedCount }
    var isEmpty: Bool { bytes.isEmpty && splices.isEmpty }

    /// The memory of the buffer's own bytes, for others to use; the buffer is empty then.
    mutating func takeBytes() -> [UInt8] {
        var taken: [UInt8] = []
        swap(&taken, &bytes)
        splices = []
        splicedCount = 0
        return taken
    }

    /// Appends some of a segment's bytes.
    mutating func append(_ segment: EncodedBody.Segment, _ range: Range<Int>) {
        switch segment {
        case .bytes(let source): bytes.append(contentsOf: source[range])
        case .tensor(let tensor) where range.count < Self.smallestSplice:
            unsafe tensor.withBytes { unsafe bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: $0[range])) }
        case .tensor(let tensor):
            let start = tensor.byteOffset + range.lowerBound
            splices.append(
                Splice(position: bytes.count, storage: tensor.storage, range: start..<(start + range.count)))
            splicedCount += range.count
        }
    }

    /// Sends as much as the kernel takes now; how many bytes that is.
    func write(to socket: DirectSocket) -> Int {
        unsafe bytes.withUnsafeBytes { own in
            if splices.isEmpty { return unsafe socket.write(own, UnsafeRawBufferPointer(start: nil, count: 0)) }
            return unsafe withUnsafeTemporaryAllocation(
                of: UnsafeRawBufferPointer.self, capacity: 2 * splices.count + 1
            ) { pieces in
                var position = 0
                for (index, splice) in splices.enumerated() {
                    unsafe pieces[2 * index] = UnsafeRawBufferPointer(rebasing: own[position..<splice.position])
                    // The storage is held by the splice for as long as this takes.
                    unsafe pieces[2 * index + 1] = UnsafeRawBufferPointer(rebasing: splice.storage.bytes[splice.range])
                    position = splice.position
                }
                unsafe pieces[2 * splices.count] = UnsafeRawBufferPointer(rebasing: own[position...])
                return unsafe socket.write(UnsafeBufferPointer(pieces))
            }
        }
    }

    /// What is left behind the first `sent` bytes, in memory of its own.
    func rest(from sent: Int, allocator: ByteBufferAllocator) -> ByteBuffer {
        var rest = allocator.buffer(capacity: count - sent)
        var skipped = sent
        func write(_ piece: UnsafeRawBufferPointer, to rest: inout ByteBuffer, _ skipped: inout Int) {
            let start = min(skipped, piece.count)
            skipped -= start
            _ = unsafe rest.writeBytes(UnsafeRawBufferPointer(rebasing: piece[start...]))
        }
        unsafe bytes.withUnsafeBytes { own in
            var position = 0
            for splice in splices {
                unsafe write(UnsafeRawBufferPointer(rebasing: own[position..<splice.position]), to: &rest, &skipped)
                unsafe write(UnsafeRawBufferPointer(rebasing: splice.storage.bytes[splice.range]), to: &rest, &skipped)
                position = splice.position
            }
            unsafe write(UnsafeRawBufferPointer(rebasing: own[position...]), to: &rest, &skipped)
        }
        return rest
    }
}
