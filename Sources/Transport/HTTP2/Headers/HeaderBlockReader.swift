internal import Gateway
internal import Glibc
internal import NIOCore
internal import NIOHPACK
internal import Policies

/// Decompresses the header blocks of one connection (RFC 7541), and remembers what the last ones meant.
///
/// A client's calls tend to have the very same block byte by byte. What a block means depends on the table that client and
/// gateway build by their blocks in the order of sending, so a remembered meaning holds for as long as the table stays as
/// it was. Only two instructions change it: a field that is to be put into it, and a new size for it. A block that has one
/// of these is never remembered, and makes all that was remembered forgotten; all others leave the table alone, and are a
/// function of their bytes.
struct HeaderBlockReader {
    private struct Memo {
        var block: [UInt8]
        var head: HTTP2RequestHead
    }

    /// Few clients have more kinds of calls under way at once.
    private static let mostMemos = 4
    /// Blocks above this are not kept for comparison.
    private static let longestMemo = 1024

    private var decoder: HPACKDecoder
    private var known: KnownFields
    private var revision: Revision?
    private let peer: Peer
    private var memos: [Memo] = []
    private var nextMemo = 0

    /// - Parameters:
    ///   - limit: bytes of a block's fields, each with the 32 that HPACK adds.
    ///   - peer: who is at the other end of the connection.
    init(limit: Int, peer: Peer) {
        decoder = HPACKDecoder(
            allocator: ByteBufferAllocator(), maxDynamicTableSize: HPACKDecoder.maxDynamicTableSize,
            maxHeaderListSize: limit)
        known = KnownFields(key: [])
        self.peer = peer
    }

    /// The next request is read for this revision: what blocks meant in another one is forgotten.
    mutating func follow(_ revision: Revision, known: KnownFields) {
        guard revision.number != self.revision?.number else { return }
        self.revision = revision
        self.known = known
        forget()
    }

    private mutating func forget() {
        memos.removeAll()
        nextMemo = 0
    }

    /// A request's head.
    ///
    /// - Throws: an error of the connection, where the block can't be decompressed; of the stream, where it is no request.
    mutating func request(_ block: ByteBuffer, on id: HTTP2StreamID) throws(HTTP2Fault) -> HTTP2RequestHead {
        if let head = remembered(block) { return head }
        let leavesTable = Self.leavesTableAlone(block.readableBytesUInt8Span)
        let headers = try decode(block)
        let head: HTTP2RequestHead
        do {
            head = try HTTP2RequestHead(headers, known: known, peer: peer)
        } catch {
            throw .stream(id, .protocolError, error.reason)
        }
        if leavesTable { remember(block, head) }
        return head
    }

    /// Checks trailers.
    ///
    /// - Throws: as `request` does.
    mutating func trailers(_ block: ByteBuffer, on id: HTTP2StreamID) throws(HTTP2Fault) {
        let headers = try decode(block)
        do {
            try HTTP2RequestHead.check(trailers: headers)
        } catch {
            throw .stream(id, .protocolError, error.reason)
        }
    }

    /// Only keeps the table as the client has it.
    ///
    /// - Throws: an error of the connection.
    mutating func skip(_ block: ByteBuffer) throws(HTTP2Fault) {
        _ = try decode(block)
    }

    /// The only way to the decoder: whatever is decompressed, what it does to the table is heeded.
    private mutating func decode(_ block: ByteBuffer) throws(HTTP2Fault) -> HPACKHeaders {
        if !memos.isEmpty && !Self.leavesTableAlone(block.readableBytesUInt8Span) { forget() }
        var block = block
        do {
            return try decoder.decodeHeaders(from: &block)
        } catch is NIOHPACKErrors.MaxHeaderListSizeViolation {
            throw .connection(.enhanceYourCalm, "a request's headers are larger than this listener takes")
        } catch {
            throw .connection(.compressionError, "a header block can't be decompressed")
        }
    }

    // MARK: What blocks meant before

    private func remembered(_ block: ByteBuffer) -> HTTP2RequestHead? {
        guard !memos.isEmpty else { return nil }
        return unsafe block.withUnsafeReadableBytes { bytes in
            guard let received = bytes.baseAddress else { return nil }
            for index in memos.indices where memos[index].block.count == bytes.count {
                let isSame = unsafe memos[index].block.withUnsafeBytes { known in
                    guard let known = known.baseAddress else { return false }
                    return unsafe memcmp(received, known, bytes.count) == 0
                }
                if isSame { return memos[index].head }
            }
            return nil
        }
    }

    private mutating func remember(_ block: ByteBuffer, _ head: HTTP2RequestHead) {
        guard block.readableBytes <= Self.longestMemo else { return }
        let memo = Memo(block: Array(block.readableBytesView), head: head)
        if memos.count < Self.mostMemos {
            memos.append(memo)
        } else {
            memos[nextMemo] = memo
            nextMemo = (nextMemo + 1) % Self.mostMemos
        }
    }

    /// Whether none of a block's instructions changes the table (RFC 7541, section 6). `false` where the block is malformed,
    /// or might be: the decoder says what of it.
    static func leavesTableAlone(_ block: Span<UInt8>) -> Bool {
        var position = 0
        while position < block.count {
            let first = block[position]
            if first & 0x80 != 0 {
                // An entry of the table.
                guard integer(block, &position, prefix: 7) != nil else { return false }
            } else if first & 0x40 != 0 || first & 0x20 != 0 {
                // A field to be put into it; its size.
                return false
            } else {
                // A field that is not to be put into it: its name, or where that stands, and its value.
                guard let name = integer(block, &position, prefix: 4) else { return false }
                if name == 0, !passText(block, &position) { return false }
                guard passText(block, &position) else { return false }
            }
        }
        return true
    }

    private static func passText(_ block: Span<UInt8>, _ position: inout Int) -> Bool {
        guard position < block.count, let length = integer(block, &position, prefix: 7),
            length <= block.count - position
        else { return false }
        position += length
        return true
    }

    /// An integer (section 5.1), as long as it is a small one: there is no larger table, text or block.
    private static func integer(_ block: Span<UInt8>, _ position: inout Int, prefix: Int) -> Int? {
        let mask = UInt8(1 << prefix - 1)
        var value = Int(block[position] & mask)
        position += 1
        guard value == Int(mask) else { return value }
        for shift in [0, 7, 14, 21] {
            guard position < block.count else { return nil }
            let byte = block[position]
            position += 1
            value += Int(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return value }
        }
        return nil
    }
}
