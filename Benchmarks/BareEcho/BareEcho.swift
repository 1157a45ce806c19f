internal import CMalloc
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// A server that gives back the body of each request and does nothing else: what SwiftNIO and its codecs for HTTP/1 and
/// HTTP/2 cost, for benchmarks to compare with.
///
///     bare-echo PORT HTTP2-PORT THREADS
@main
enum BareEcho {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst().compactMap { Int($0) }
        guard arguments.count == 3 else { fatalError("usage: bare-echo PORT HTTP2-PORT THREADS") }
        // As the gateway has it, so that both keep megabyte buffers in the heap.
        mallopt(M_MMAP_THRESHOLD, 64 << 20)
        mallopt(M_TRIM_THRESHOLD, 64 << 20)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: arguments[2])
        let channel = try await bootstrap(group) { pipeline in
            try pipeline.addHandlers(HTTPResponseEncoder(), ByteToMessageHandler(HTTPRequestDecoder()), Echo())
        }
        .bind(host: "127.0.0.1", port: arguments[0]).get()
        _ = try await bootstrap(group) { pipeline in
            try pipeline.addHandlers(HTTP2Echo.makeHandler(), HTTP2Echo())
        }
        .bind(host: "127.0.0.1", port: arguments[1]).get()
        try await channel.closeFuture.get()
    }

    private static func bootstrap(
        _ group: MultiThreadedEventLoopGroup,
        _ addHandlers: @escaping @Sendable (ChannelPipeline.SynchronousOperations) throws -> Void
    ) -> ServerBootstrap {
        ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 2048, initial: 4096, maximum: 256 << 10)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try addHandlers(channel.pipeline.syncOperations) }
            }
    }
}

/// Collects one request's body and sends it back.
private final class Echo: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private var body = ByteBuffer()

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            let length = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
            body = context.channel.allocator.buffer(capacity: min(length, 64 << 20))
        case .body(var bytes): body.writeBuffer(&bytes)
        case .end:
            let headers = HTTPHeaders([
                ("content-type", "application/octet-stream"), ("content-length", String(body.readableBytes)),
            ])
            let head = HTTPResponseHead(version: .http1_1, status: .ok, headers: headers)
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            body = ByteBuffer()
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
