internal import Configuration
internal import NIOCore
internal import NIOTLS
internal import Tensors

/// Waits for a connection's first bytes, makes the pipeline for what they speak, hands them on and is gone.
final class PortSniffer: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let port: Port
    private var service: Service { port.service }
    private let scratch: LoopScratch
    /// Whether these bytes come out of TLS.
    private let isInsideTLS: Bool
    /// The protocol that client and server agreed on in TLS (ALPN).
    private var agreed: String?
    private var received: ByteBuffer?
    private var timer: Scheduled<Void>?

    init(port: Port, scratch: LoopScratch, isInsideTLS: Bool = false) {
        self.port = port
        self.scratch = scratch
        self.isInsideTLS = isInsideTLS
    }

    func handlerAdded(context: ChannelHandlerContext) {
        // Inside TLS the client has begun to speak already, and owes the rest of the handshake.
        if context.channel.isActive { watch(isInsideTLS ? service.limits.header : service.limits.idle, context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        if timer == nil { watch(service.limits.idle, context) }
        context.fireChannelActive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        context.fireChannelInactive()
    }

    private func watch(_ nanoseconds: UInt64, _ context: ChannelHandlerContext) {
        timer?.cancel()
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(Int64(clamping: nanoseconds))) {
            [channel = context.channel] in channel.close(promise: nil)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case let TLSUserEvent.handshakeCompleted(negotiatedProtocol):
            agreed = negotiatedProtocol
            watch(service.limits.idle, context)
        case is ConnectionEvent.Drain:
            context.close(promise: nil)
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A handshake that failed, or a connection that broke: nobody is there to be answered.
        context.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        if received == nil {
            received = bytes
            watch(service.limits.header, context)
        } else {
            received?.writeBuffer(&bytes)
        }
        guard let received else { return }
        // A client that agreed on HTTP/2 has to speak it, and is told so in its own terms where it doesn't.
        let first = agreed == "h2" ? .http2 : FirstBytes(received.readableBytesView)
        do {
            guard try makePipeline(for: first, context: context) else { return }
        } catch {
            context.close(promise: nil)
            return
        }
        self.received = nil
        // The end of this read follows by itself: a second one would look like a read that brought nothing.
        context.fireChannelRead(wrapInboundOut(received))
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }

    /// Adds the handlers behind this one; `false` where the bytes don't tell yet, or nothing can be done with them.
    private func makePipeline(for first: FirstBytes, context: ChannelHandlerContext) throws -> Bool {
        let pipeline = context.pipeline.syncOperations
        switch first {
        case .undecided:
            return false
        case .tls:
            guard !isInsideTLS, let tls = service.tls else {
                context.close(promise: nil)
                return false
            }
            try pipeline.addHandlers(
                tls.makeHandler(), PortSniffer(port: port, scratch: scratch, isInsideTLS: true))
            return true
        case .http1, .http2:
            if !isInsideTLS && service.tls != nil && !service.listener.allowsPlain {
                refusePlain(context)
                return false
            }
            if first == .http2 {
                try pipeline.addHandler(HTTP2Connection(port: port, scratch: scratch, isPlain: !isInsideTLS))
            } else {
                try pipeline.addHandler(
                    HTTP1Connection(port: port, scratch: scratch, isPlain: !isInsideTLS))
            }
            return true
        }
    }

    private func refusePlain(_ context: ChannelHandlerContext) {
        let error = SluiceError(.malformedRequest, "this listener speaks TLS; use https")
        context.writeAndFlush(
            NIOAny(ConnectionRefusal.response(error, allocator: context.channel.allocator)), promise: nil)
        ClosingHandler.close(context.channel)
    }
}
