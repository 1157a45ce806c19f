internal import Codecs

/// What goes out on the streams of a connection, within the windows that the client has opened (RFC 9113, section 5.2).
///
/// A plain state machine: it is told of windows and of what is to be sent, writes as much as may be sent now, and says
/// what came of it. Streams take turns.
struct OutboundFlow {
    /// How a piece of a response ends.
    enum End {
        /// More follows.
        case none
        /// The stream ends.
        case stream
        /// The stream ends with these trailers: a header block.
        case trailers([UInt8])
    }

    /// A piece of a response.
    struct Piece {
        var body: OutboundBody
        var end: End
        /// Called once the connection has taken it, or nobody wants it any more.
        var written: (@Sendable () -> Void)?
    }

    /// What came of a piece.
    enum Event {
        /// Some of it was written.
        case progress(HTTP2StreamID)
        /// It was written, and wants to hear of it.
        case written(@Sendable () -> Void)
        /// The stream has ended.
        case ended(HTTP2StreamID)
    }

    private struct Stream {
        var window: Int
        var pieces: [Piece] = []
        /// Whether it stands in `turns`.
        var hasTurn = false

        /// Whether the first piece may be written as far as this stream goes: an end without data needs no window.
        var maySend: Bool {
            guard let piece = pieces.first else { return false }
            return window > 0 || piece.body.count == 0
        }
    }

    /// What holds for all streams.
    private struct Terms {
        var window = HTTP2Limits.windowOfProtocol
        var largestFrame = HTTP2Limits.frameOfProtocol
        /// The client has made its table smaller, and has to be told that the encoder heeds that (RFC 7541, section 4.2).
        var owesTableSize = false
    }

    private var terms = Terms()
    private var initialWindow = HTTP2Limits.windowOfProtocol
    private var tableSize = 4096
    private var streams = StreamTable<Stream>()
    /// Streams that have something to send and a window for it.
    private var turns: [HTTP2StreamID] = []

    // MARK: The client's word

    /// - Throws: an error of the connection.
    mutating func apply(_ settings: [PeerSetting]) throws(HTTP2Fault) {
        for setting in settings {
            let value = Int(setting.value)
            switch setting.identifier {
            case PeerSetting.headerTableSize:
                if value < tableSize { terms.owesTableSize = true }
                // Nothing is ever put into the table, so its size is said to be 0 once, and that holds for all.
                tableSize = min(tableSize, value)
            case PeerSetting.enablePush:
                guard value <= 1 else { throw .connection(.protocolError, "ENABLE_PUSH is neither 0 nor 1") }
            case PeerSetting.initialWindowSize:
                guard value <= HTTP2Limits.largestWindow else {
                    throw .connection(.flowControlError, "INITIAL_WINDOW_SIZE is above 2^31 - 1")
                }
                try changeInitialWindow(to: value)
            case PeerSetting.maxFrameSize:
                guard (HTTP2Limits.frameOfProtocol...0xFF_FFFF).contains(value) else {
                    throw .connection(.protocolError, "MAX_FRAME_SIZE is not between 2^14 and 2^24 - 1")
                }
                terms.largestFrame = value
            default: break
            }
        }
    }

    private mutating func changeInitialWindow(to size: Int) throws(HTTP2Fault) {
        let change = size - initialWindow
        initialWindow = size
        guard change != 0 else { return }
        for index in streams.values.indices {
            guard streams[at: index].window + change <= HTTP2Limits.largestWindow else {
                throw .connection(.flowControlError, "INITIAL_WINDOW_SIZE makes a stream's window too large")
            }
            streams[at: index].window += change
            takeTurn(at: index)
        }
    }

    /// - Throws: an error of the connection (stream 0) or of the stream.
    mutating func openWindow(of id: HTTP2StreamID, by increment: Int) throws(HTTP2Fault) {
        if id == 0 {
            guard terms.window + increment <= HTTP2Limits.largestWindow else {
                throw .connection(.flowControlError, "WINDOW_UPDATE makes the connection's window too large")
            }
            terms.window += increment
            return
        }
        guard let index = streams.index(of: id) else { return }
        guard streams[at: index].window + increment <= HTTP2Limits.largestWindow else {
            throw .stream(id, .flowControlError, "WINDOW_UPDATE makes the stream's window too large")
        }
        streams[at: index].window += increment
        takeTurn(at: index)
    }

    mutating func open(_ id: HTTP2StreamID) {
        streams.open(id, Stream(window: initialWindow))
    }

    /// The stream is gone; what wants to hear of that.
    mutating func remove(_ id: HTTP2StreamID) -> [@Sendable () -> Void] {
        guard let stream = streams.remove(id), !stream.pieces.isEmpty else { return [] }
        if stream.hasTurn { turns.removeAll { $0 == id } }
        return stream.pieces.compactMap(\.written)
    }

    /// The largest frame that the client takes.
    var largestFrame: Int { terms.largestFrame }

    /// Whether a header block has to begin with the size of the table; asked for each block, before all else of it.
    mutating func takeTableSize() -> Bool {
        defer { terms.owesTableSize = false }
        return terms.owesTableSize
    }

    // MARK: Sending

    /// Whether something waits that may be sent.
    var canSend: Bool {
        !turns.isEmpty && (terms.window > 0 || turns.contains { streams[$0]?.pieces.first?.body.count == 0 })
    }

    /// Writes a piece where all of it may be sent at once; queues it where it has to wait.
    ///
    /// - Parameter limit: bytes that may be written now.
    mutating func send(
        _ piece: consuming Piece, on id: HTTP2StreamID, to buffer: inout OutboundBuffer, limit: Int,
        events: inout [Event]
    ) {
        guard let index = streams.index(of: id) else { return }
        if streams[at: index].pieces.isEmpty,
            piece.body.count <= min(streams[at: index].window, terms.window, limit)
        {
            var room = limit
            let outcome = Self.write(
                &piece, on: id, window: &streams[at: index].window, &terms, room: &room, to: &buffer, events: &events)
            guard outcome == .streamEnded else { return }
            streams.remove(at: index)
            events.append(.ended(id))
        } else {
            streams[at: index].pieces.append(piece)
            takeTurn(at: index)
        }
    }

    /// Takes so many bytes of the windows for the only piece of a stream's answer, which ends with it; `false` where it has
    /// to wait, or doesn't fit one frame.
    mutating func takeWhole(_ count: Int, on id: HTTP2StreamID) -> Bool {
        guard let index = streams.index(of: id), streams[at: index].pieces.isEmpty,
            count <= min(streams[at: index].window, terms.window, terms.largestFrame)
        else { return false }
        terms.window -= count
        streams.remove(at: index)
        return true
    }

    /// Puts a stream into the row, where it has something that it may send.
    private mutating func takeTurn(at index: Int) {
        guard !streams[at: index].hasTurn, streams[at: index].maySend else { return }
        streams[at: index].hasTurn = true
        turns.append(streams.ids[index])
    }

    /// Bytes of a stream that are written before another has its turn.
    private static let turn = 256 << 10

    /// Writes what waits until nothing more may be sent, or about `limit` bytes are written.
    mutating func write(to buffer: inout OutboundBuffer, limit: Int, events: inout [Event]) {
        // Streams that find no window of the connection keep their places.
        var waiting: [HTTP2StreamID] = []
        var next = 0
        let end = buffer.count + limit
        while next < turns.count, buffer.count < end {
            let id = turns[next]
            next += 1
            guard let index = streams.index(of: id) else { continue }
            var room = min(Self.turn, end - buffer.count)
            let before = buffer.count
            let outcome = Self.write(
                &streams[at: index], on: id, &terms, room: &room, to: &buffer, events: &events)
            if buffer.count > before { events.append(.progress(id)) }
            if outcome == .streamEnded {
                streams.remove(at: index)
                events.append(.ended(id))
                continue
            }
            streams[at: index].hasTurn = streams[at: index].maySend
            guard streams[at: index].hasTurn else { continue }
            if outcome == .noWindow { waiting.append(id) } else { turns.append(id) }
        }
        turns.removeFirst(next)
        turns.insert(contentsOf: waiting, at: 0)
    }

    private enum Outcome {
        /// The piece, or all that waited, is written.
        case done
        case streamEnded
        /// The stream's turn is over.
        case noRoom
        /// One of the windows is closed.
        case noWindow
    }

    private static func write(
        _ stream: inout Stream, on id: HTTP2StreamID, _ terms: inout Terms, room: inout Int,
        to buffer: inout OutboundBuffer,
        events: inout [Event]
    ) -> Outcome {
        while !stream.pieces.isEmpty {
            let outcome = write(
                &stream.pieces[0], on: id, window: &stream.window, &terms, room: &room, to: &buffer, events: &events)
            guard outcome == .done else { return outcome }
            stream.pieces.removeFirst()
        }
        return .done
    }

    private static func write(
        _ piece: inout Piece, on id: HTTP2StreamID, window: inout Int, _ terms: inout Terms, room: inout Int,
        to buffer: inout OutboundBuffer, events: inout [Event]
    ) -> Outcome {
        var hasEnded = false
        while piece.body.count > 0 {
            guard room > 0 else { return .noRoom }
            let size = min(piece.body.count, window, terms.window, terms.largestFrame)
            guard size > 0 else { return .noWindow }
            if case .stream = piece.end { hasEnded = size == piece.body.count }
            buffer.bytes.appendFrameHeader(
                length: size, HTTP2FrameType.data, hasEnded ? HTTP2FrameFlags.endStream : 0, stream: id)
            piece.body.write(size, to: &buffer)
            window -= size
            terms.window -= size
            room -= size
        }
        if let written = piece.written { events.append(.written(written)) }
        if hasEnded { return .streamEnded }
        switch piece.end {
        case .none: return .done
        case .stream:
            // No data was left to carry the flag.
            buffer.bytes.appendFrameHeader(length: 0, HTTP2FrameType.data, HTTP2FrameFlags.endStream, stream: id)
        case .trailers(let block):
            let start = buffer.bytes.beginHeaderBlock()
            if terms.owesTableSize {
                terms.owesTableSize = false
                buffer.bytes.append(0x20)
            }
            buffer.bytes.append(contentsOf: block)
            buffer.bytes.endHeaderBlock(from: start, stream: id, endsStream: true, largestFrame: terms.largestFrame)
        }
        return .streamEnded
    }
}
