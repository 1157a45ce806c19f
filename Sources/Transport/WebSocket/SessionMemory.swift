internal import NIOCore

/// Counts the bytes that a session holds, before they are even messages, against what all bodies together may.
///
/// Invariant: only used on the connection's event loop.
final class SessionMemory: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    /// There is no memory for what the client sends.
    struct Exhausted: Error {}

    private let bodies: BodyBudget
    /// Bytes that belong to no message yet.
    private var loose = 0
    private var held = 0

    init(_ bodies: BodyBudget) {
        self.bodies = bodies
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let count = unwrapInboundIn(data).readableBytes
        guard bodies.reserve(count) else { return context.fireErrorCaught(Exhausted()) }
        loose += count
        held += count
        context.fireChannelRead(data)
    }

    /// A message has come in: what it and everything before it took.
    func take() -> Int {
        defer { loose = 0 }
        return loose
    }

    /// A message isn't needed any more.
    func release(_ count: Int) {
        held -= count
        bodies.release(count)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        bodies.release(held)
        held = 0
        loose = 0
    }
}
