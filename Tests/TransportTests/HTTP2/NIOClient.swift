import NIOCore
import NIOEmbedded
import NIOHPACK
import NIOHTTP2

@testable import Transport

/// NIO's HTTP/2 on the client's side of a connection, byte for byte, without sockets and without time.
final class NIOClient {
    /// What came back on one stream.
    struct Answer {
        var head: HPACKHeaders?
        var body: [UInt8] = []
        var trailers: HPACKHeaders?
        var hasEnded = false
    }

    /// Gathers what NIO's handler lets through: frames that it finds nothing wrong with.
    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = NIOHTTP2.HTTP2Frame
        var answers: [NIOHTTP2.HTTP2StreamID: Answer] = [:]
        var errors: [any Error] = []
        var resets: [NIOHTTP2.HTTP2StreamID: NIOHTTP2.HTTP2ErrorCode] = [:]
        var goAway: NIOHTTP2.HTTP2ErrorCode?
        /// DATA that came in, so that its windows can be opened again.
        var unread: [(stream: NIOHTTP2.HTTP2StreamID, count: Int)] = []

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let frame = unwrapInboundIn(data)
            switch frame.payload {
            case .headers(let content):
                if answers[frame.streamID]?.head == nil {
                    answers[frame.streamID, default: Answer()].head = content.headers
                } else {
                    answers[frame.streamID]?.trailers = content.headers
                }
                if content.endStream { answers[frame.streamID]?.hasEnded = true }
            case .data(let content):
                guard case .byteBuffer(let bytes) = content.data else { return }
                answers[frame.streamID, default: Answer()].body += bytes.readableBytesView
                unread.append((frame.streamID, bytes.readableBytes))
                if content.endStream { answers[frame.streamID]?.hasEnded = true }
            case .rstStream(let code): resets[frame.streamID] = code
            case .goAway(_, let code, _): goAway = code
            default: break
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { errors.append(error) }
    }

    let client = EmbeddedChannel()
    let server = EmbeddedChannel()
    private let collector = Collector()
    /// Streams that the client has reset.
    private(set) var cancelled: Set<Int> = []
    private var generator: SplitMix
    /// Bytes of a piece in which the wire carries them, at most.
    private let mostBytes: Int

    var answers: [Int: Answer] { Dictionary(uniqueKeysWithValues: collector.answers.map { (Int($0), $1) }) }
    var resets: [Int: NIOHTTP2.HTTP2ErrorCode] {
        Dictionary(uniqueKeysWithValues: collector.resets.map { (Int($0), $1) })
    }
    var errors: [any Error] { collector.errors }
    var goAway: NIOHTTP2.HTTP2ErrorCode? { collector.goAway }

    init(
        seed: UInt64 = 1, mostBytes: Int = .max, settings: HTTP2Settings = [], port: Port,
        makeStream: @escaping Transport.HTTP2Connection.StreamMaker = { connection, _, id, head, _ in
            EchoStream(connection, id, head)
        }
    ) throws {
        generator = SplitMix(state: seed)
        self.mostBytes = mostBytes
        var configuration = NIOHTTP2Handler.ConnectionConfiguration()
        configuration.initialSettings = settings
        try client.pipeline.syncOperations.addHandlers(
            NIOHTTP2Handler(
                mode: .client, connectionConfiguration: configuration,
                streamConfiguration: NIOHTTP2Handler.StreamConfiguration()), collector)
        try server.pipeline.syncOperations.addHandler(
            Transport.HTTP2Connection(port: port, scratch: LoopScratch(), isPlain: true, makeStream: makeStream))
        let address = try SocketAddress(ipAddress: "127.0.0.1", port: 1)
        try client.connect(to: address).wait()
        try server.connect(to: address).wait()
        try exchange()
    }

    private func pieces(_ bytes: ByteBuffer) -> [ByteBuffer] {
        var (bytes, pieces): (ByteBuffer, [ByteBuffer]) = (bytes, [])
        while bytes.readableBytes > 0 {
            let size = min(bytes.readableBytes, Int.random(in: 1...mostBytes, using: &generator))
            if let piece = bytes.readSlice(length: size) { pieces.append(piece) }
        }
        return pieces
    }

    /// Carries bytes both ways until neither side has anything to say.
    func exchange() throws {
        var isQuiet = false
        while !isQuiet {
            isQuiet = true
            while let bytes = try client.readOutbound(as: ByteBuffer.self) {
                isQuiet = false
                for piece in pieces(bytes) { try server.read(piece) }
            }
            while let bytes = try server.readOutbound(as: ByteBuffer.self) {
                isQuiet = false
                for piece in pieces(bytes) { try client.writeInbound(piece) }
            }
        }
    }

    func send(_ payload: NIOHTTP2.HTTP2Frame.FramePayload, on stream: Int) {
        client.writeAndFlush(
            NIOHTTP2.HTTP2Frame(streamID: NIOHTTP2.HTTP2StreamID(stream), payload: payload), promise: nil)
    }

    func request(_ path: String, on stream: Int, ends: Bool = false, _ more: [(String, String)] = []) {
        let fields = [(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "a")] + more
        send(.headers(.init(headers: HPACKHeaders(fields), endStream: ends)), on: stream)
    }

    func data(_ bytes: [UInt8], on stream: Int, ends: Bool = false) {
        send(.data(.init(data: .byteBuffer(ByteBuffer(bytes: bytes)), endStream: ends)), on: stream)
    }

    func cancel(_ stream: Int) {
        cancelled.insert(stream)
        send(.rstStream(.cancel), on: stream)
    }

    /// Opens the windows for some of what has come in, or for all.
    func openWindows(all: Bool = false) {
        while let (stream, count) = collector.unread.popLast() {
            guard count > 0 else { continue }
            send(.windowUpdate(windowSizeIncrement: count), on: 0)
            if collector.answers[stream]?.hasEnded != true && !cancelled.contains(Int(stream)) {
                send(.windowUpdate(windowSizeIncrement: count), on: Int(stream))
            }
            if !all && Int.random(in: 0..<3, using: &generator) == 0 { return }
        }
    }

    var hasUnread: Bool { !collector.unread.isEmpty }

    func finish() {
        _ = try? client.finish(acceptAlreadyClosed: true)
        _ = try? server.finish(acceptAlreadyClosed: true)
    }
}

extension EmbeddedChannel {
    /// Reads bytes, as a turn of an event loop does: what waits for the turn's end is done.
    func read(_ bytes: ByteBuffer) throws {
        try writeInbound(bytes)
        embeddedEventLoop.run()
    }
}
