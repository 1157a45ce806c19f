internal import NIOCore

/// Closes a connection so that its client can still read what was sent last.
///
/// Closing with unread bytes in the socket resets the connection, and a reset takes with it what the client hasn't read
/// yet. So for a moment everything that comes in is read and dropped, before any other handler sees it.
final class ClosingHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private static let moment = TimeAmount.milliseconds(500)
    private static let mostBytes = 4 << 20

    private var dropped = 0

    /// Closes `channel`, which is on its event loop, after a moment.
    static func close(_ channel: any Channel) {
        let handler = ClosingHandler()
        do {
            try channel.pipeline.syncOperations.addHandler(handler, position: .first)
        } catch {
            channel.close(promise: nil)
            return
        }
        let timer = channel.eventLoop.scheduleTask(in: moment) { channel.close(promise: nil) }
        channel.closeFuture.whenComplete { _ in timer.cancel() }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        dropped += unwrapInboundIn(data).readableBytes
        if dropped > Self.mostBytes { context.close(promise: nil) }
    }
}
