internal import Codecs
internal import NIOCore
internal import Tensors

extension HTTP2Connection {
    /// So much is written before it is looked whether the client takes it.
    private static let mostUnflushed = 1 << 20

    // MARK: The connection's own frames

    /// Settings, and the connection's window, which starts at 65535 whatever the settings say (RFC 9113, section 6.9.2).
    func greet() {
        outgoing.bytes.appendSettings([
            PeerSetting(identifier: PeerSetting.maxConcurrentStreams, value: UInt32(limits.streams)),
            PeerSetting(identifier: PeerSetting.initialWindowSize, value: UInt32(limits.streamWindow)),
            PeerSetting(identifier: PeerSetting.maxFrameSize, value: UInt32(limits.frame)),
            PeerSetting(identifier: PeerSetting.maxHeaderListSize, value: UInt32(limits.headerList)),
        ])
        openWindow(of: 0, by: limits.connectionWindow - HTTP2Limits.windowOfProtocol)
    }

    /// Writes a frame that the client asked for; a client that asks and takes nothing is cut off.
    func writeControl(_ write: (inout [UInt8]) -> Void) {
        write(&outgoing.bytes)
        countFrame()
    }

    private func countFrame() {
        guard pendingWrites > 0 else { return }
        unsentFrames += 1
        if unsentFrames > limits.unsentFrames {
            fail(.connection(.enhanceYourCalm, "too many frames wait for a client that reads nothing"))
        }
    }

    /// Lets the client send more.
    func openWindow(of id: HTTP2StreamID, by increment: Int) {
        // Nothing more comes on a stream whose request has ended.
        guard state.openWindow(of: id, by: increment) else { return }
        outgoing.bytes.appendWindowUpdate(id, by: increment)
        flushUnlessHeld()
    }

    /// Ends a stream without its answer.
    func reset(_ id: HTTP2StreamID, _ code: HTTP2ErrorCode) {
        if streams.index(of: id) != nil { forceReset(id, code) }
    }

    /// Ends a stream, or one that never came to be.
    func forceReset(_ id: HTTP2StreamID, _ code: HTTP2ErrorCode) {
        state.reset(id)
        writeControl { $0.appendReset(id, code) }
        removeStream(id)
        flushUnlessHeld()
    }

    // MARK: Answers

    /// Begins the header fields of an answer: `writeHead` is to follow before anything else is written.
    func beginHead(status: Int) -> HTTP2ResponseHead {
        var bytes: [UInt8] = []
        swap(&bytes, &outgoing.bytes)
        if bytes.isEmpty { bytes = scratch.take() }
        return HTTP2ResponseHead(status: status, into: consume bytes, saysTableSize: flow.takeTableSize())
    }

    func writeHead(_ head: consuming HTTP2ResponseHead, on id: HTTP2StreamID, endsStream: Bool = false) {
        outgoing.bytes = head.finish(on: id, endsStream: endsStream, largestFrame: flow.largestFrame)
        countFrame()
        if endsStream { answerEnded(id) }
        flushUnlessHeld()
    }

    /// Sends a piece of an answer, as far as the client's windows allow now; the rest once they do.
    func write(
        _ body: OutboundBody, on id: HTTP2StreamID, end: OutboundFlow.End = .none,
        written: (@Sendable () -> Void)? = nil
    ) {
        guard streams.index(of: id) != nil, !isClosing else {
            written?()
            return
        }
        let limit = canTakeMore ? Self.mostUnflushed - outgoing.count : 0
        flow.send(
            .init(body: body, end: end, written: written), on: id, to: &outgoing, limit: limit, events: &events)
        settleEvents()
        flushUnlessHeld()
    }

    /// Makes room for the only piece of an answer, which `writeWhole` is to write right behind its head: takes so many bytes
    /// of the client's windows.
    ///
    /// - Returns: `false`, and nothing is taken, where the piece has to wait, or has to be cut.
    func makeRoom(for count: Int, on id: HTTP2StreamID) -> Bool {
        guard !isClosing, canTakeMore, outgoing.count + count <= Self.mostUnflushed else { return false }
        return flow.takeWhole(count, on: id)
    }

    /// Writes a gRPC message for which there is room, and the trailers behind it.
    func writeWhole(message: [UInt8], trailers: [UInt8], on id: HTTP2StreamID) {
        guard !isClosing else { return }
        outgoing.bytes.appendFrameHeader(length: message.count + 5, HTTP2FrameType.data, 0, stream: id)
        // It isn't compressed, and it is so long.
        outgoing.bytes.append(0)
        outgoing.bytes.appendBigEndian(UInt32(truncatingIfNeeded: message.count))
        outgoing.bytes.append(contentsOf: message)
        let start = outgoing.bytes.beginHeaderBlock()
        if flow.takeTableSize() { outgoing.bytes.append(0x20) }
        outgoing.bytes.append(contentsOf: trailers)
        outgoing.bytes.endHeaderBlock(from: start, stream: id, endsStream: true, largestFrame: flow.largestFrame)
        answerEnded(id)
        flushUnlessHeld()
    }

    /// The end of an answer has been written.
    private func answerEnded(_ id: HTTP2StreamID) {
        if let unwanted = state.endAnswer(on: id) { forceReset(unwanted, .noError) }
        removeStream(id)
    }

    private func settleEvents() {
        guard !events.isEmpty else { return }
        var settled: [OutboundFlow.Event] = []
        swap(&settled, &events)
        for event in settled {
            switch event {
            case .progress(let id): streams[id]?.madeProgress()
            case .written(let written): whenWritten.append(written)
            case .ended(let id): answerEnded(id)
            }
        }
        settled.removeAll(keepingCapacity: true)
        if events.isEmpty { events = settled }
    }

    // MARK: The socket

    /// Holds back the flush while `body` writes several frames.
    func together(_ body: () -> Void) {
        holds += 1
        body()
        holds -= 1
        flushUnlessHeld()
    }

    func flushUnlessHeld() {
        if !isHeld { flush() }
    }

    /// Whether the client takes what is written, as far as can be seen.
    private var canTakeMore: Bool { pendingWrites == 0 || context?.channel.isWritable == true }

    /// Hands on what was written, and what waits for nothing but room.
    func flush() {
        holds += 1
        repeat {
            if flow.canSend, canTakeMore, !isClosing {
                flow.write(to: &outgoing, limit: Self.mostUnflushed, events: &events)
                settleEvents()
            }
            handOver()
        } while !outgoing.isEmpty || flow.canSend && canTakeMore && !isClosing
        holds -= 1
    }

    private func handOver() {
        var buffer = OutboundBuffer()
        swap(&buffer, &outgoing)
        guard !buffer.isEmpty, let context else { return takeWritten() }
        let sent = if let socket, pendingWrites == 0 { buffer.write(to: socket) } else { 0 }
        let rest =
            sent < buffer.count ? buffer.rest(from: sent, allocator: context.channel.allocator) : nil
        scratch.giveBack(buffer.takeBytes())
        guard let rest else { return takeWritten() }
        // What waits in the channel lies there until the client makes room; nothing may overtake it.
        pendingWrites += 1
        let promise = context.eventLoop.makePromise(of: Void.self)
        let bound = NIOLoopBound((connection: self, whenWritten: whenWritten), eventLoop: context.eventLoop)
        whenWritten = []
        promise.futureResult.whenComplete { _ in
            let (connection, written) = bound.value
            connection.pendingWrites -= 1
            if connection.pendingWrites == 0 { connection.unsentFrames = 0 }
            for tell in written { tell() }
            connection.flushUnlessHeld()
        }
        context.writeAndFlush(wrapOutboundOut(rest), promise: promise)
    }

    /// What was written is in the kernel's hands.
    func takeWritten() {
        guard !whenWritten.isEmpty else { return }
        var written: [@Sendable () -> Void] = []
        swap(&written, &whenWritten)
        for tell in written { tell() }
    }
}
