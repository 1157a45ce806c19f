internal import NIOCore
internal import Tensors

/// Finds the messages in a gRPC body: each has a flag, a length, and so many bytes (gRPC over HTTP/2, Length-Prefixed
/// Message).
///
/// A plain state machine: bytes go in as they come, events come out. It keeps at most five bytes.
struct GRPCFrameReader {
    enum Event {
        /// A message of so many bytes begins.
        case begin(isCompressed: Bool, length: Int)
        /// The next bytes of it.
        case bytes(ByteBuffer)
        case end
    }

    private enum State {
        case prefix
        case body(left: Int)
    }

    private let limit: Int
    private var state = State.prefix
    /// The flag and length as far as they have come.
    private var prefix: UInt64 = 0
    private var prefixBytes = 0

    /// - Parameter limit: bytes of a message that are taken at most.
    init(limit: Int) {
        self.limit = limit
    }

    /// Whether the body may end here.
    var isBetweenMessages: Bool {
        if case .prefix = state { prefixBytes == 0 } else { false }
    }

    /// The message that `input` is, where that is one whole message that isn't compressed and nothing else: so small ones
    /// mostly come.
    func wholeMessage(_ input: ByteBuffer) -> ByteBuffer? {
        let start = input.readerIndex
        guard isBetweenMessages, input.getInteger(at: start, as: UInt8.self) == 0,
            let length = input.getInteger(at: start + 1, as: UInt32.self), Int(length) <= limit
        else { return nil }
        return Int(length) == input.readableBytes - 5 ? input.getSlice(at: start + 5, length: Int(length)) : nil
    }

    /// What comes next in `input`; `nil` where that has all been taken.
    ///
    /// - Throws: `payload_too_large`; `malformed_request` for a flag that isn't 0 or 1.
    mutating func next(_ input: inout ByteBuffer) throws(SluiceError) -> Event? {
        switch state {
        case .prefix:
            while prefixBytes < 5 {
                guard let byte = input.readInteger(as: UInt8.self) else { return nil }
                prefix = prefix << 8 | UInt64(byte)
                prefixBytes += 1
            }
            let (flag, length) = (prefix >> 32, Int(prefix & 0xFFFF_FFFF))
            (prefix, prefixBytes) = (0, 0)
            guard flag <= 1 else {
                throw SluiceError(.malformedRequest, "the compressed flag of a message is \(flag), not 0 or 1")
            }
            guard length <= limit else {
                throw SluiceError(
                    .payloadTooLarge, "a message of \(length) bytes is larger than the \(limit) bytes taken here",
                    detail: [.init("limit", limit)])
            }
            state = .body(left: length)
            return .begin(isCompressed: flag == 1, length: length)
        case .body(left: 0):
            state = .prefix
            return .end
        case .body(let left):
            guard input.readableBytes > 0 else { return nil }
            guard let piece = input.readSlice(length: min(left, input.readableBytes)) else { return nil }
            state = .body(left: left - piece.readableBytes)
            return .bytes(piece)
        }
    }
}
