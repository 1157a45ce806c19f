internal import Configuration
internal import Gateway
internal import NIOCore
internal import NIOHTTP1
internal import NIOWebSocket
internal import Policies
internal import Telemetry
internal import Tensors

extension HTTP1Connection: RemovableChannelHandler {}
extension ParsedRequests: RemovableChannelHandler {}

extension HTTP1Connection {
    /// Most pieces that one message comes in.
    private static let mostFragments = 4096

    /// Checks the request that opens a session: whether it is a handshake, and whether the caller may use the model.
    ///
    /// Each message is checked again: a key that expires meanwhile ends nothing that it may still do.
    func checkHandshake(_ planned: SessionPlan, _ exchange: HTTP1Exchange) throws(SluiceError) {
        guard case .unread(let headers) = exchange.head.headers, let context else {
            throw WebSocketHandshake.needsWebSocket
        }
        let service = exchange.service
        let handshake = try WebSocketHandshake(
            headers, version: exchange.version, origins: service.listener.origins)
        var plan = planned
        if plan.shown.key == nil, let key = handshake.key {
            plan.shown.key = service.gate.keyField == "authorization" ? "Bearer \(key)" : key
        }
        try Inference(
            plan.request(isBinary: false, gate: service.gate), id: exchange.id, receivedAt: exchange.receivedAt,
            gate: service.gate, eventLoop: context.eventLoop, responder: exchange
        ).begin()
        exchange.session = OpenedSession(plan: plan, handshake: handshake)
    }

    /// Turns the connection into a session.
    func beginSession(_ opened: OpenedSession, _ exchange: HTTP1Exchange, context: ChannelHandlerContext) {
        let service = exchange.service
        let (plan, handshake) = (opened.plan, opened.handshake)
        var head = ResponseHead(status: 101, version: .http1_1, into: scratch.take())
        head.field("upgrade", "websocket")
        head.field("connection", "upgrade")
        head.field("sec-websocket-accept", handshake.accept)
        if handshake.namesProtocol { head.field("sec-websocket-protocol", WebSocketHandshake.subprotocol) }
        head.field("x-request-id", exchange.id)
        write(ByteBuffer(bytes: head.finish()), context: context)
        service.record(
            exchange.record, bytesIn: 0, bytesOut: 0, status: 101,
            summary: Answer.Summary(requestID: exchange.id))
        service.metrics.requestsInFlight.decrement()
        exchange.part()
        self.exchange = nil
        isClosing = true
        let memory = SessionMemory(service.bodies)
        let session = WebSocketSession(
            port: port, plan: plan, id: exchange.id, path: exchange.head.path, memory: memory)
        let largest = min(service.listener.maxBody, Int(UInt32.max))
        let pipeline = context.pipeline.syncOperations
        do {
            try pipeline.addHandlers(
                [
                    memory, WebSocketFrameEncoder(),
                    ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: largest)), MaskCheck(),
                    NIOWebSocketFrameAggregator(
                        minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: Self.mostFragments,
                        maxAccumulatedFrameSize: largest),
                    session,
                ], position: .after(self))
            // This handler and what reads requests for it have done their work.
            pipeline.removeHandler(context: context, promise: nil)
            pipeline.removeHandler(context: try pipeline.context(handlerType: ParsedRequests.self), promise: nil)
            pipeline.removeHandler(
                context: try pipeline.context(handlerType: ByteToMessageHandler<HTTPRequestDecoder>.self),
                promise: nil)
            // Whoever held reading back before is gone.
            session.readFirst()
            if inputHasEnded { context.channel.close(promise: nil) }
        } catch {
            context.close(promise: nil)
        }
    }
}

/// Refuses frames without a mask, which no client may send (RFC 6455, section 5.1).
final class MaskCheck: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias InboundOut = WebSocketFrame

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if unwrapInboundIn(data).maskKey == nil {
            context.fireErrorCaught(NIOWebSocketError.fragmentedControlFrame)
        } else {
            context.fireChannelRead(data)
        }
    }
}
