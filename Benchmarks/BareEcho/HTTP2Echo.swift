internal import NIOCore
internal import NIOHPACK
internal import NIOHTTP2

/// Collects each stream's body and sends it back: what SwiftNIO and its HTTP/2 handler cost.
///
/// It stands directly behind the handler, as a channel for each stream would cost more than the echo does.
final class HTTP2Echo: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    /// As the gateway has them.
    private static let streamWindow = 2 << 20
    private static let connectionWindow = 8 << 20

    private var bodies: [HTTP2StreamID: ByteBuffer] = [:]
    /// Bytes that came in since the connection's window was opened last.
    private var consumed = 0

    static func makeHandler() -> NIOHTTP2Handler {
        var configuration = NIOHTTP2Handler.ConnectionConfiguration()
        configuration.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: 256),
            HTTP2Setting(parameter: .initialWindowSize, value: streamWindow),
            HTTP2Setting(parameter: .maxFrameSize, value: 1 << 20),
        ]
        configuration.controlFrameRateLimit.maximumCount = 1_000_000
        return NIOHTTP2Handler(
            mode: .server, connectionConfiguration: configuration,
            streamConfiguration: NIOHTTP2Handler.StreamConfiguration())
    }

    func channelActive(context: ChannelHandlerContext) {
        openWindow(of: .rootStream, by: Self.connectionWindow - 65_535, context: context)
        context.fireChannelActive()
    }

    private func openWindow(of stream: HTTP2StreamID, by increment: Int, context: ChannelHandlerContext) {
        write(.windowUpdate(windowSizeIncrement: increment), on: stream, context: context)
    }

    private func write(
        _ payload: HTTP2Frame.FramePayload, on stream: HTTP2StreamID, context: ChannelHandlerContext
    ) {
        context.write(wrapOutboundOut(HTTP2Frame(streamID: stream, payload: payload)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        switch frame.payload {
        case .headers(let content):
            let length = content.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
            bodies[frame.streamID] = context.channel.allocator.buffer(capacity: min(length, 64 << 20))
            if content.endStream { answer(frame.streamID, context: context) }
        case .data(let content):
            guard case .byteBuffer(var bytes) = content.data else { return }
            consumed += bytes.readableBytes
            if 2 * consumed >= Self.connectionWindow {
                openWindow(of: .rootStream, by: consumed, context: context)
                consumed = 0
            }
            bodies[frame.streamID]?.writeBuffer(&bytes)
            if content.endStream { answer(frame.streamID, context: context) }
        default: break
        }
    }

    private func answer(_ stream: HTTP2StreamID, context: ChannelHandlerContext) {
        guard let body = bodies.removeValue(forKey: stream) else { return }
        let headers = HPACKHeaders([(":status", "200"), ("content-type", "application/octet-stream")])
        write(.headers(.init(headers: headers)), on: stream, context: context)
        write(.data(.init(data: .byteBuffer(body), endStream: true)), on: stream, context: context)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.flush()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
