import Codecs
import NIOCore
import Tensors

@testable import Transport

/// Gives back a request's body in pieces of all sizes, before it is all there or after, with trailers or without.
final class EchoStream: HTTP2Stream {
    private var connection: HTTP2Connection?
    private let id: HTTP2StreamID
    private let head: HTTP2RequestHead
    private var generator: SplitMix
    private var window: InboundWindow
    private var kept: [UInt8] = []
    private let isImmediate: Bool
    private(set) var isClosed = false
    var clock: ConnectionClock

    init(_ connection: HTTP2Connection, _ id: HTTP2StreamID, _ head: HTTP2RequestHead) {
        self.connection = connection
        self.id = id
        self.head = head
        generator = SplitMix(state: UInt64(id))
        window = InboundWindow(size: connection.limits.streamWindow)
        clock = ConnectionClock(limits: .init(header: .max, body: .max, idle: .max), now: .now)
        isImmediate = head.target.hasPrefix("/now")
    }

    func begin() {
        var head = connection?.beginHead(status: 200) ?? HTTP2ResponseHead()
        head.field("x-target", self.head.target)
        connection?.writeHead(head, on: id)
    }

    func receive(_ piece: ByteBuffer) {
        if let increment = window.receive(piece.readableBytes) { connection?.openWindow(of: id, by: increment) }
        kept += piece.readableBytesView
        if isImmediate { send(all: false) }
    }

    private func send(all: Bool) {
        while !kept.isEmpty {
            let size = min(kept.count, Int.random(in: 1...40_000, using: &generator))
            let segments = [size / 2, size - size / 2].map { count -> EncodedBody.Segment in
                defer { kept.removeFirst(count) }
                return .bytes(Array(kept.prefix(count)))
            }
            connection?.write(OutboundBody(segments), on: id)
            if !all { break }
        }
    }

    func receiveEnd() {
        send(all: true)
        var trailers = HTTP2ResponseHead()
        trailers.field("x-end", "yes")
        let end: OutboundFlow.End = Bool.random(using: &generator) ? .stream : .trailers(trailers.finish())
        connection?.write(OutboundBody([]), on: id, end: end)
    }

    func timeOut() {}
    func madeProgress() {}

    func close() {
        isClosed = true
        connection = nil
    }
}
