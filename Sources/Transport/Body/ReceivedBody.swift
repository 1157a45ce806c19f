internal import Codecs
internal import NIOCore
internal import Tensors

/// The body of a request as it comes in: kept as received where it comes in one piece, gathered into one buffer else.
struct ReceivedBody {
    private var buffer: ByteBuffer?
    private let expected: Int?
    private let limit: Int

    /// - Parameters:
    ///   - expected: the announced length, if any.
    ///   - limit: bytes that the listener takes.
    init(expected: Int?, limit: Int) {
        self.expected = expected
        self.limit = limit
    }

    var count: Int { buffer?.readableBytes ?? 0 }

    /// Adds a piece; `false` where the body gets larger than the listener takes.
    mutating func append(_ piece: ByteBuffer, allocator: ByteBufferAllocator) -> Bool {
        guard count + piece.readableBytes <= limit else { return false }
        guard var gathered = buffer else {
            buffer = piece
            return true
        }
        buffer = nil
        var piece = piece
        if let expected, gathered.capacity < expected {
            // The announced length is known to be within the limit; reserving it all avoids copying again and again.
            var whole = allocator.buffer(capacity: expected)
            whole.writeBuffer(&gathered)
            gathered = whole
        }
        gathered.writeBuffer(&piece)
        buffer = gathered
        return true
    }

    /// The bytes as codecs read them; the network buffer lives as long as they do.
    consuming func finish() -> RequestBody {
        guard let buffer, buffer.readableBytes > 0 else { return RequestBody(.empty) }
        return unsafe buffer.withUnsafeReadableBytesWithStorageManagement { bytes, owner in
            // Nobody writes to the storage from here on: NIO copies a buffer that somebody else holds before it writes.
            let storage = unsafe TensorStorage.slice(of: bytes, keptAliveBy: owner.takeUnretainedValue())
            return RequestBody(storage)
        }
    }
}
