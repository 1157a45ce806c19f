internal import NIOCore
internal import NIOPosix
internal import Tensors

/// One connection to a server: commands go out as they come, answers come back in their order.
///
/// Invariant behind `@unchecked Sendable`: everything is touched on the channel's event loop only.
final class RedisConnection: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = RESPValue
    typealias OutboundOut = ByteBuffer

    private struct Asked {
        var at: MonotonicTime
        var answer: (RESPValue?) -> Void
    }

    private let channel: any Channel
    private var asked: CircularBuffer<Asked> = []
    private var buffer: ByteBuffer
    private var isClosed = false
    /// What went wrong with it, as far as it is known.
    private(set) var failure: String?
    private let closed: (RedisConnection) -> Void

    /// - Parameter closed: called once, after every command has had its answer or none.
    init(_ channel: any Channel, closed: @escaping (RedisConnection) -> Void) {
        self.channel = channel
        self.closed = closed
        buffer = channel.allocator.buffer(capacity: 4_096)
    }

    /// When the oldest command was sent that has no answer yet.
    var oldest: MonotonicTime? { asked.first?.at }

    /// Adds a command to those that the next `flush` sends; `answer` gets `nil` where the connection ends before it.
    func send(_ words: [String], answer: @escaping (RESPValue?) -> Void) {
        guard !isClosed else { return answer(nil) }
        buffer.writeCommand(words)
        asked.append(Asked(at: .now, answer: answer))
    }

    /// Sends what has been added, all at once.
    func flush() {
        guard buffer.readableBytes > 0, !isClosed else { return }
        channel.writeAndFlush(buffer, promise: nil)
        buffer = channel.allocator.buffer(capacity: 4_096)
    }

    func close() { channel.close(promise: nil) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // More answers than questions: whatever that is, it is no server of ours.
        guard let first = asked.popFirst() else { return context.close(promise: nil) }
        first.answer(unwrapInboundIn(data))
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // What answers have led to goes out together.
        flush()
        context.fireChannelReadComplete()
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if failure == nil { failure = "\(error)" }
        context.close(promise: nil)
    }

    private func end() {
        guard !isClosed else { return }
        isClosed = true
        while let next = asked.popFirst() { next.answer(nil) }
        closed(self)
    }
}
