import NIOCore
import NIOHTTP1
import NIOPosix

/// A server on this machine that answers each path as it is told.
final class FileServer: Sendable {
    /// What comes back.
    enum Reply: Sendable {
        case file(String, [UInt8])
        case status(Int)
        case redirect(String)
        /// The head, and then nothing.
        case silence
        /// A body without an end.
        case endless
        /// Not even a head.
        case nothing
    }

    private let channel: any Channel
    var port: Int { channel.localAddress?.port ?? 0 }

    init(_ replies: @escaping @Sendable (String) -> Reply) throws {
        channel = try ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(replies))
                }
            }
            .bind(host: "127.0.0.1", port: 0).wait()
    }

    func stop() { try? channel.close().wait() }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let replies: @Sendable (String) -> Reply

        init(_ replies: @escaping @Sendable (String) -> Reply) {
            self.replies = replies
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard case .head(let head) = unwrapInboundIn(data) else { return }
            switch replies(head.uri) {
            case .file(let type, let bytes): answer(context, 200, type.isEmpty ? [] : [("content-type", type)], bytes)
            case .status(let status): answer(context, status, [], [])
            case .redirect(let place): answer(context, 302, [("location", place)], [])
            case .silence:
                context.writeAndFlush(
                    wrapOutboundOut(
                        .head(.init(version: .http1_1, status: .ok, headers: ["content-type": "image/png"]))),
                    promise: nil)
            case .endless:
                context.write(wrapOutboundOut(.head(.init(version: .http1_1, status: .ok))), promise: nil)
                writeOn(context)
            case .nothing: break
            }
        }

        private func answer(
            _ context: ChannelHandlerContext, _ status: Int, _ fields: [(String, String)], _ bytes: [UInt8]
        ) {
            let headers = HTTPHeaders(fields + [("content-length", String(bytes.count))])
            context.write(
                wrapOutboundOut(.head(.init(version: .http1_1, status: .init(statusCode: status), headers: headers))),
                promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: bytes)))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }

        private func writeOn(_ context: ChannelHandlerContext) {
            let piece = ByteBuffer(repeating: 1, count: 1 << 10)
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(piece)))).whenSuccess {
                // Not at once: what has been written already would nest.
                bound.eventLoop.execute {
                    let (handler, context) = bound.value
                    handler.writeOn(context)
                }
            }
        }
    }
}
