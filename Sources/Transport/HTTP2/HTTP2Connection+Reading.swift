internal import Configuration
internal import Gateway
internal import NIOCore
internal import Telemetry
internal import Tensors

extension HTTP2Connection {
    /// Takes the frames that have come in.
    func receive() {
        do throws(HTTP2Fault) {
            while !isClosing, let frame = try reader.next() {
                do throws(HTTP2Fault) {
                    try take(frame)
                } catch {
                    guard case .stream(let id) = error.scope else { throw error }
                    try state.countFault(now: .now)
                    forceReset(id, error.code)
                }
            }
        } catch {
            fail(error)
        }
    }

    private func take(_ frame: HTTP2Frame) throws(HTTP2Fault) {
        switch frame {
        case .headers(let id, let block, let endsStream): try receiveBlock(block, on: id, endsStream: endsStream)
        case .data(let data): try receiveData(data)
        case .settings(let settings):
            try state.receiveControl(now: .now)
            try flow.apply(settings)
            writeControl { $0.appendSettingsAcknowledgement() }
        case .settingsAcknowledged:
            try state.receiveAcknowledgement()
        case .ping(let mark):
            try state.receiveControl(now: .now)
            writeControl { $0.appendPingAcknowledgement(mark) }
        case .pingAcknowledged, .priority:
            try state.receiveControl(now: .now)
        case .reset(let id):
            if try state.receiveReset(of: id, now: .now) { removeStream(id) }
        case .windowUpdate(let id, let increment):
            if try state.receiveWindowUpdate(on: id, increment: increment) {
                try flow.openWindow(of: id, by: increment)
            }
        case .goAway: receiveGoAway()
        case .unknown: break
        }
    }

    private func receiveBlock(
        _ block: ByteBuffer, on id: HTTP2StreamID, endsStream: Bool
    ) throws(HTTP2Fault) {
        switch try state.receiveBlock(on: id, endsStream: endsStream) {
        case .request:
            let service = service
            mostKeptBytes = 4 * service.listener.maxBody
            blocks.follow(service.gate.revision, known: service.knownFields)
            let head = try blocks.request(block, on: id)
            try state.open(id, contentLength: head.fields.contentLength, endsStream: endsStream)
            open(id, head, service: service, endsStream: endsStream)
        case .trailers:
            try blocks.trailers(block, on: id)
            try state.receiveTrailers(on: id)
            streams[id]?.receiveEnd()
        case .ignored:
            try blocks.skip(block)
        case .refused(let code):
            try blocks.skip(block)
            throw .stream(id, code, "")
        }
    }

    private func open(_ id: HTTP2StreamID, _ head: HTTP2RequestHead, service: Service, endsStream: Bool) {
        guard let eventLoop = context?.eventLoop else { return }
        flow.open(id)
        service.metrics.requestsInFlight.increment()
        clock.enter(.working, now: .coarse)
        let stream = makeStream(self, service, id, head, eventLoop)
        streams.open(id, stream)
        stream.begin()
        if endsStream { stream.receiveEnd() }
    }

    /// Plain HTTP, or gRPC.
    static func stream(
        _ connection: HTTP2Connection, _ service: Service, _ id: HTTP2StreamID, _ head: HTTP2RequestHead,
        _ eventLoop: any EventLoop
    ) -> any HTTP2Stream {
        head.isGRPC
            ? GRPCStream(connection, service: service, id: id, head: head, eventLoop: eventLoop)
            : HTTP2RequestStream(connection, service: service, id: id, head: head, eventLoop: eventLoop)
    }

    private func receiveData(_ data: HTTP2Frame.Data) throws(HTTP2Fault) {
        let role = try state.receive(data)
        if keptBytes < mostKeptBytes {
            if let increment = window.receive(data.creditable) { openWindow(of: 0, by: increment) }
        } else {
            // So much is kept for requests under way that the client has to wait for some of them.
            window.hold(data.creditable)
        }
        if role == .unwanted { return forceReset(data.stream, .noError) }
        guard role == .body, let stream = streams[data.stream] else { return }
        // Padding was never anybody's to open the stream's window for again.
        let padding = data.creditable - data.bytes.readableBytes
        if padding > 0 { openWindow(of: data.stream, by: padding) }
        if data.bytes.readableBytes > 0 { stream.receive(data.bytes) }
        if data.endsStream { stream.receiveEnd() }
    }

    /// A stream keeps so many bytes of its body more, or fewer.
    func keep(_ bytes: Int) {
        keptBytes += bytes
        if bytes < 0, keptBytes < mostKeptBytes, let increment = window.receive(0) {
            openWindow(of: 0, by: increment)
        }
    }
}
