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

    private var window = HTTP2Limits.windowOfProtocol
    private var initialWindow = HTTP2Limits.windowOfProtocol
    private(set) var largestFrame = HTTP2Limits.frameOfProtocol
    private var tableSize = 4096
    /// The client has made its table smaller, and has to be told that the encoder heeds that (RFC 7541, section 4.2).
    private var owesTableSize = false
    private var streams: [HTTP2StreamID: Stream] = [:]
    /// Streams that have something to send and a window for it.
    private var turns: [HTTP2StreamID] = []

    // MARK: The client's word

    /// - Throws: an error of the connection.
    mutating func apply(_ settings: [PeerSetting]) throws(HTTP2Fault) {
        for setting in settings {
            let value = Int(setting.value)
            switch setting.identifier {
            case PeerSetting.headerTableSize:
                if value < tableSize { owesTableSize = true }
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
                largestFrame = value
            default: break
            }
        }
    }

    private mutating func changeInitialWindow(to size: Int) throws(HTTP2Fault) {
        let change = size - initialWindow
        initialWindow = size
        guard change != 0 else { return }
        for id in streams.keys {
            guard let window = streams[id]?.window, window + change <= HTTP2Limits.largestWindow else {
                throw .connection(.flowControlError, "INITIAL_WINDOW_SIZE makes a stream's window too large")
            }
            streams[id]?.window += change
            takeTurn(id)
        }
    }

    /// - Throws: an error of the connection (stream 0) or of the stream.
    mutating func openWindow(of id: HTTP2StreamID, by increment: Int) throws(HTTP2Fault) {
        if id == 0 {
            guard window + increment <= HTTP2Limits.largestWindow else {
                throw .connection(.flowControlError, "WINDOW_UPDATE makes the connection's window too large")
            }
            window += increment
            return
        }
        guard let old = streams[id]?.window else { return }
        guard old + increment <= HTTP2Limits.largestWindow else {
            throw .stream(id, .flowControlError, "WINDOW_UPDATE makes the stream's window too large")
        }
        streams[id]?.window += increment
        takeTurn(id)
    }

    mutating func open(_ id: HTTP2StreamID) {
        streams[id] = Stream(window: initialWindow)
    }

    /// The stream is gone; what wants to hear of that.
    mutating func remove(_ id: HTTP2StreamID) -> [@Sendable () -> Void] {
        guard let stream = streams.removeValue(forKey: id), !stream.pieces.isEmpty else { return [] }
        return stream.pieces.compactMap(\.written)
    }

    /// Whether a header block has to begin with the size of the table; asked for each block, before all else of it.
    mutating func takeTableSize() -> Bool {
        defer { owesTableSize = false }
        return owesTableSize
    }

    // MARK: Sending

    /// Whether something waits that may be sent.
    var canSend: Bool {
        !turns.isEmpty && (window > 0 || turns.contains { streams[$0]?.pieces.first?.body.count == 0 })
    }

    /// Writes a piece where all of it may be sent at once; queues it where it has to wait.
    ///
    /// - Parameter limit: bytes that may be written now.
    mutating func send(
        _ piece: Piece, on id: HTTP2StreamID, to bytes: inout [UInt8], limit: Int, events: inout [Event]
    ) {
        guard var stream = streams.removeValue(forKey: id) else { return }
        var piece = piece
        if stream.pieces.isEmpty, piece.body.count <= min(stream.window, window, limit) {
            var room = limit
            if write(&piece, &stream.window, id, room: &room, to: &bytes, events: &events) == .streamEnded {
                events.append(.ended(id))
                return
            }
            streams[id] = stream
        } else {
            stream.pieces.append(piece)
            streams[id] = stream
            takeTurn(id)
        }
    }

    /// Puts a stream into the row, where it has something that it may send.
    private mutating func takeTurn(_ id: HTTP2StreamID) {
        guard let stream = streams[id], !stream.hasTurn, stream.maySend else { return }
        streams[id]?.hasTurn = true
        turns.append(id)
    }

    /// Bytes of a stream that are written before another has its turn.
    private static let turn = 256 << 10

    /// Writes what waits until nothing more may be sent, or about `limit` bytes are written.
    mutating func write(to bytes: inout [UInt8], limit: Int, events: inout [Event]) {
        // Streams that find no window of the connection keep their places.
        var waiting: [HTTP2StreamID] = []
        var next = 0
        let end = bytes.count + limit
        while next < turns.count, bytes.count < end {
            let id = turns[next]
            next += 1
            guard var stream = streams.removeValue(forKey: id) else { continue }
            var room = min(Self.turn, end - bytes.count)
            let before = bytes.count
            let outcome = write(&stream, id, room: &room, to: &bytes, events: &events)
            if bytes.count > before { events.append(.progress(id)) }
            if outcome == .streamEnded {
                events.append(.ended(id))
                continue
            }
            stream.hasTurn = stream.maySend
            streams[id] = stream
            guard stream.hasTurn else { continue }
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

    private mutating func write(
        _ stream: inout Stream, _ id: HTTP2StreamID, room: inout Int, to bytes: inout [UInt8], events: inout [Event]
    ) -> Outcome {
        while !stream.pieces.isEmpty {
            let outcome = write(&stream.pieces[0], &stream.window, id, room: &room, to: &bytes, events: &events)
            guard outcome == .done else { return outcome }
            stream.pieces.removeFirst()
        }
        return .done
    }

    private mutating func write(
        _ piece: inout Piece, _ streamWindow: inout Int, _ id: HTTP2StreamID, room: inout Int, to bytes: inout [UInt8],
        events: inout [Event]
    ) -> Outcome {
        var hasEnded = false
        while piece.body.count > 0 {
            guard room > 0 else { return .noRoom }
            let size = min(piece.body.count, streamWindow, window, largestFrame)
            guard size > 0 else { return .noWindow }
            if case .stream = piece.end { hasEnded = size == piece.body.count }
            bytes.appendFrameHeader(
                length: size, HTTP2FrameType.data, hasEnded ? HTTP2FrameFlags.endStream : 0, stream: id)
            piece.body.write(size, to: &bytes)
            streamWindow -= size
            window -= size
            room -= size
        }
        if let written = piece.written { events.append(.written(written)) }
        if hasEnded { return .streamEnded }
        switch piece.end {
        case .none: return .done
        case .stream:
            // No data was left to carry the flag.
            bytes.appendFrameHeader(length: 0, HTTP2FrameType.data, HTTP2FrameFlags.endStream, stream: id)
        case .trailers(let block):
            let start = bytes.beginHeaderBlock()
            if takeTableSize() { bytes.append(0x20) }
            bytes.append(contentsOf: block)
            bytes.endHeaderBlock(from: start, stream: id, endsStream: true, largestFrame: largestFrame)
        }
        return .streamEnded
    }
}
