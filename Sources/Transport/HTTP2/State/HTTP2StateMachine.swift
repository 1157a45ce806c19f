internal import NIOCore
internal import Tensors

/// Which streams a client has, and what it may do (RFC 9113, sections 5, 6 and 8).
///
/// A plain state machine: told of each frame that comes in and of each stream that the gateway ends, it says what the
/// frame means, or throws what is wrong with it. It holds the windows in which clients send; those in which they receive
/// are `OutboundFlow`'s.
struct HTTP2StateMachine {
    /// A stream whose answer is still to be ended; a closed one isn't in the table.
    struct Stream: Equatable {
        /// Half-closed (remote): the request is all there.
        var requestEnded: Bool
        /// Bytes that the client may send before the window is opened again.
        var window: Int
        /// Bytes of the body that `content-length` has announced and that haven't come.
        var announced: Int?
    }

    /// What a header block is.
    enum BlockRole: Equatable {
        case request
        case trailers
        /// Of a stream that was ended already: only to be decompressed.
        case ignored
        /// To be decompressed, and then the stream ends.
        case refused(HTTP2ErrorCode)
    }

    enum DataRole: Equatable {
        case body
        /// Of a stream that was ended already: it counts for the connection's window alone.
        case ignored
        /// The same, but so much of it has come that the stream is to be reset.
        case unwanted
    }

    private let limits: HTTP2Limits
    private var streams = StreamTable<Stream>()
    /// The highest stream that the client has opened.
    private(set) var lastStream: HTTP2StreamID = 0
    /// The last stream that is served, once GOAWAY has said so.
    private var lastServed: HTTP2StreamID?
    private var answered: AnsweredStreams
    private var closed: ClosedStreams
    /// Bytes that the client may send on all streams together.
    private var window = HTTP2Limits.windowOfProtocol
    private var settingsToAcknowledge = 1
    private var floods: FloodGuard

    init(limits: HTTP2Limits) {
        self.limits = limits
        answered = AnsweredStreams(most: limits.answeredStreams, bytes: limits.unwantedBytes)
        closed = ClosedStreams(remembering: limits.rememberedStreams)
        floods = FloodGuard(limits.floods)
    }

    // MARK: Header blocks

    /// A header block has come in. Whatever it is, it has to be decompressed, as others build on it.
    ///
    /// - Throws: an error of the connection.
    mutating func receiveBlock(on id: HTTP2StreamID, endsStream: Bool) throws(HTTP2Fault) -> BlockRole {
        guard id & 1 == 1 else { throw .connection(.protocolError, "clients' streams have odd numbers") }
        if let stream = streams[id] {
            guard !stream.requestEnded else { return .refused(.streamClosed) }
            // A second block that isn't the last thing would be another request, or an answer's (section 8.1).
            return endsStream ? .trailers : .refused(.protocolError)
        }
        guard id > lastStream else {
            if answered.remove(id) {
                closed.add(id, endsStream ? .byClient : .byGateway)
                return endsStream ? .ignored : .refused(.protocolError)
            }
            switch closed[id] {
            case .byGateway: return .ignored
            case .byClient: throw .connection(.streamClosed, "HEADERS on a stream that was ended")
            case nil: throw .connection(.protocolError, "a new stream's number is higher than all before it")
            }
        }
        lastStream = id
        if lastServed != nil {
            closed.add(id, .byGateway)
            return .ignored
        }
        return streams.count < limits.streams ? .request : .refused(.refusedStream)
    }

    /// A request's header block was well formed.
    ///
    /// - Parameter contentLength: what the request says of its body's length.
    /// - Throws: an error of the stream, where the body ends before that.
    mutating func open(
        _ id: HTTP2StreamID, contentLength: Int?, endsStream: Bool
    ) throws(HTTP2Fault) {
        if endsStream, let contentLength, contentLength > 0 { throw Self.wrongLength(id) }
        streams.open(id, Stream(requestEnded: endsStream, window: limits.streamWindow, announced: contentLength))
    }

    /// A request's trailers were well formed.
    ///
    /// - Throws: an error of the stream, where the body isn't as long as it was said to be.
    mutating func receiveTrailers(on id: HTTP2StreamID) throws(HTTP2Fault) {
        guard let index = streams.index(of: id) else { return }
        if streams[at: index].announced ?? 0 > 0 { throw Self.wrongLength(id) }
        streams[at: index].requestEnded = true
    }

    private static func wrongLength(_ id: HTTP2StreamID) -> HTTP2Fault {
        .stream(id, .protocolError, "a request's body is not as long as its content-length says")
    }

    // MARK: DATA

    /// A piece of a DATA frame has come in.
    mutating func receive(_ data: HTTP2Frame.Data) throws(HTTP2Fault) -> DataRole {
        let id = data.stream
        if let length = data.frameLength {
            guard length <= window else { throw .connection(.flowControlError, "DATA beyond the connection's window") }
            window -= length
            try floods.receiveData(isEmpty: data.bytes.readableBytes == 0 && !data.endsStream)
        }
        guard let index = streams.index(of: id) else {
            guard id <= lastStream else { throw .connection(.protocolError, "DATA on a stream that wasn't opened") }
            switch answered.receive(data.frameLength ?? 0, on: id, ends: data.endsStream) {
            case .ended:
                closed.add(id, .byClient)
                return .ignored
            case .passedOver: return .ignored
            case .tooMuch: return .unwanted
            case nil: break
            }
            guard closed[id] == .byGateway else {
                throw .connection(.streamClosed, "DATA on a stream that was ended")
            }
            return .ignored
        }
        var stream = streams[at: index]
        guard !stream.requestEnded else { throw .stream(id, .streamClosed, "DATA behind the end of a request") }
        if let length = data.frameLength {
            guard length <= stream.window else {
                throw .stream(id, .flowControlError, "DATA beyond the stream's window")
            }
            stream.window -= length
        }
        if let announced = stream.announced {
            let left = announced - data.bytes.readableBytes
            guard left >= 0, left == 0 || !data.endsStream else { throw Self.wrongLength(id) }
            stream.announced = left
        }
        stream.requestEnded = data.endsStream
        streams[at: index] = stream
        return .body
    }

    /// The gateway lets the client send more: on one stream, or (0) on all together. Whether there is anything to come.
    mutating func openWindow(of id: HTTP2StreamID, by increment: Int) -> Bool {
        if id == 0 {
            window += increment
            return true
        }
        guard let index = streams.index(of: id), !streams[at: index].requestEnded else { return false }
        streams[at: index].window += increment
        return true
    }

    // MARK: Other frames

    /// SETTINGS or something else that asks for an answer, or for attention, and costs its sender nothing.
    ///
    /// - Throws: `ENHANCE_YOUR_CALM`.
    mutating func receiveControl(now: MonotonicTime) throws(HTTP2Fault) {
        try floods.receiveControl(now: now)
    }

    mutating func receiveAcknowledgement() throws(HTTP2Fault) {
        guard settingsToAcknowledge > 0 else {
            throw .connection(.protocolError, "SETTINGS that weren't sent are acknowledged")
        }
        settingsToAcknowledge -= 1
    }

    /// Whether the stream was there.
    mutating func receiveReset(of id: HTTP2StreamID, now: MonotonicTime) throws(HTTP2Fault) -> Bool {
        try checkNotIdle(id, "RST_STREAM")
        if answered.remove(id) {
            // It has its answer: nothing was done in vain.
            closed.add(id, .byClient)
            return false
        }
        try floods.receiveReset(now: now)
        guard streams.remove(id) != nil else { return false }
        closed.add(id, .byClient)
        return true
    }

    /// Whether a window is there that this opens.
    mutating func receiveWindowUpdate(on id: HTTP2StreamID, increment: Int) throws(HTTP2Fault) -> Bool {
        if id == 0 {
            guard increment > 0 else { throw .connection(.protocolError, "WINDOW_UPDATE by nothing") }
            return true
        }
        try checkNotIdle(id, "WINDOW_UPDATE")
        guard streams.index(of: id) != nil else { return false }
        guard increment > 0 else { throw .stream(id, .protocolError, "WINDOW_UPDATE by nothing") }
        return true
    }

    private func checkNotIdle(_ id: HTTP2StreamID, _ frame: String) throws(HTTP2Fault) {
        guard id <= lastStream, id & 1 == 1 else {
            throw .connection(.protocolError, "\(frame) on a stream that wasn't opened")
        }
    }

    /// A stream is about to be reset for what its client did wrong.
    ///
    /// - Throws: `ENHANCE_YOUR_CALM` where that happens all the time.
    mutating func countFault(now: MonotonicTime) throws(HTTP2Fault) {
        try floods.countFault(now: now)
    }

    // MARK: What the gateway does

    /// The gateway's answer has ended.
    ///
    /// - Returns: a stream of which the rest isn't wanted, and whose client is to be told so by a reset (section 8.1).
    mutating func endAnswer(on id: HTTP2StreamID) -> HTTP2StreamID? {
        guard let stream = streams.remove(id) else { return nil }
        if stream.requestEnded {
            closed.add(id, .byClient)
            return nil
        }
        return answered.add(id, window: stream.window)
    }

    /// The gateway resets a stream, one that was never opened among them.
    mutating func reset(_ id: HTTP2StreamID) {
        streams.remove(id)
        answered.remove(id)
        closed.add(id, .byGateway)
    }

    /// The gateway takes no further requests; the last one that it serves.
    mutating func goAway() -> HTTP2StreamID {
        if let lastServed { return lastServed }
        lastServed = lastStream
        return lastStream
    }
}
