internal import Gateway
internal import Glibc
internal import NIOCore
internal import NIOHTTP1

/// Takes requests apart as they come in, while they are written the usual way.
///
/// A plain state machine. Bodies with a Content-Length and heads that `LeanHeadParser` knows are read here; at the first
/// request that is anything else the connection goes over to NIO's parser for good, with all bytes from that head on.
struct RequestReader {
    enum Event {
        case head(RequestHead)
        case body(ByteBuffer)
        case end
        /// Not for this reader: `takeUnread` has the bytes.
        case unusual
    }

    private enum Phase {
        case head
        case body(left: Int)
    }

    /// The head before this one, which clients tend to send again byte by byte.
    private struct Memo {
        var bytes: [UInt8]
        var head: RequestHead
    }

    /// Heads that come in more pieces are unusual: looking at all of them again and again isn't free.
    private static let mostPieces = 4
    /// Heads above this are not kept for comparison.
    private static let longestMemo = 1024

    private var known: KnownFields
    private var revision: Revision?
    private var unread = ByteBuffer()
    private var phase = Phase.head
    private var pieces = 0
    private var memo: Memo?

    /// - Parameter known: the fields that the file gives a meaning.
    init(known: KnownFields) {
        self.known = known
    }

    /// The next head is read for this revision: what heads meant in another one is forgotten.
    mutating func follow(_ revision: Revision, known: KnownFields) {
        guard revision.number != self.revision?.number else { return }
        self.revision = revision
        self.known = known
        memo = nil
    }

    /// Whether bytes wait that are not an event yet.
    var hasUnread: Bool { unread.readableBytes > 0 }

    mutating func append(_ bytes: ByteBuffer) {
        if unread.readableBytes == 0 {
            unread = bytes
        } else {
            unread.writeImmutableBuffer(bytes)
        }
        pieces += 1
    }

    /// All bytes that are not an event yet; the reader has none then.
    mutating func takeUnread() -> ByteBuffer {
        defer { unread = ByteBuffer() }
        return unread
    }

    /// Bytes of the body under way that have not come in yet.
    var bodyBytesLeft: Int {
        if case .body(let left) = phase { left } else { 0 }
    }

    /// Bytes of the body under way were read past this reader, which has none waiting.
    mutating func passOver(_ count: Int) {
        phase = .body(left: bodyBytesLeft - count)
    }

    /// The next event, as far as bytes have come in.
    mutating func next() -> Event? {
        switch phase {
        case .head: return nextHead()
        case .body(0):
            phase = .head
            // An idle connection holds no buffer.
            if unread.readableBytes == 0 { unread = ByteBuffer() }
            return .end
        case .body(let left):
            guard let piece = unread.readSlice(length: min(left, unread.readableBytes)), piece.readableBytes > 0 else {
                return nil
            }
            if unread.readableBytes == 0 { unread = ByteBuffer() }
            phase = .body(left: left - piece.readableBytes)
            return .body(piece)
        }
    }

    private mutating func nextHead() -> Event? {
        guard unread.readableBytes > 0 else { return nil }
        if let head = remembered() { return begin(head) }
        switch LeanHeadParser.parse(unread.readableBytesUInt8Span, known: known) {
        case .head(let head, let length):
            remember(head, length: length)
            unread.moveReaderIndex(forwardBy: length)
            return begin(head)
        case .incomplete: return pieces < Self.mostPieces ? nil : .unusual
        case .unusual: return .unusual
        }
    }

    private mutating func begin(_ head: RequestHead) -> Event {
        pieces = 0
        phase = .body(left: head.announcedBody)
        return .head(head)
    }

    /// The last head once more, where the bytes are the very same: equal bytes mean the same.
    private mutating func remembered() -> RequestHead? {
        guard let memo, unread.readableBytes >= memo.bytes.count else { return nil }
        let isSame = unsafe unread.withUnsafeReadableBytes { bytes in
            unsafe memo.bytes.withUnsafeBytes { known in
                guard let received = bytes.baseAddress, let remembered = known.baseAddress else { return false }
                return unsafe memcmp(received, remembered, known.count) == 0
            }
        }
        guard isSame else { return nil }
        unread.moveReaderIndex(forwardBy: memo.bytes.count)
        return memo.head
    }

    private mutating func remember(_ head: RequestHead, length: Int) {
        guard length <= Self.longestMemo, let bytes = unread.getBytes(at: unread.readerIndex, length: length) else {
            memo = nil
            return
        }
        memo = Memo(bytes: bytes, head: head)
    }
}
