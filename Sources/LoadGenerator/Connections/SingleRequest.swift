internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// One request on a connection of its own, for what comes before the load: metadata, and a trial.
package struct SingleRequest: Sendable {
    package struct Answer: Sendable {
        package var status: Int
        package var body: [UInt8]
        package var text: String { String(decoding: body, as: UTF8.self) }
    }

    package var address: ServerAddress
    package var headers: [(name: String, value: String)]

    package init(address: ServerAddress, headers: [(name: String, value: String)]) {
        self.address = address
        self.headers = headers
    }

    package func get(_ path: String) async throws -> Answer {
        var fields = HTTPHeaders([("Host", address.text)])
        for header in headers { fields.replaceOrAdd(name: header.name, value: header.value) }
        return try await send(HTTPRequestHead(version: .http1_1, method: .GET, uri: path, headers: fields), [])
    }

    package func post(_ template: RequestTemplate) async throws -> Answer {
        var template = template
        template.headers += headers
        return try await send(template.head(host: address.text), template.body)
    }

    private func send(_ head: HTTPRequestHead, _ body: [UInt8]) async throws -> Answer {
        let group = MultiThreadedEventLoopGroup.singleton
        let loop = group.next()
        let promise = loop.makePromise(of: Answer.self)
        let channel: any Channel
        do {
            channel = try await ClientBootstrap(group: loop)
                .connectTimeout(.seconds(5))
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let pipeline = channel.pipeline.syncOperations
                        try pipeline.addHTTPClientHandlers()
                        try pipeline.addHandler(NIOHTTPClientResponseAggregator(maxContentLength: 1 << 30))
                        try pipeline.addHandler(AnswerCollector(promise))
                    }
                }
                .connect(host: address.host, port: address.port).get()
        } catch {
            promise.fail(error)
            throw BenchError("nobody answers at \(address.text): \(error)")
        }
        channel.write(HTTPClientRequestPart.head(head), promise: nil)
        channel.write(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(bytes: body))), promise: nil)
        channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
        let limit = loop.scheduleTask(in: .seconds(60)) {
            promise.fail(BenchError("\(address.text) gave no answer within a minute"))
        }
        defer {
            limit.cancel()
            channel.close(promise: nil)
        }
        return try await promise.futureResult.get()
    }
}

/// Fulfils a promise with the first whole response.
private final class AnswerCollector: ChannelInboundHandler {
    typealias InboundIn = NIOHTTPClientResponseFull
    private let promise: EventLoopPromise<SingleRequest.Answer>

    init(_ promise: EventLoopPromise<SingleRequest.Answer>) {
        self.promise = promise
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let response = unwrapInboundIn(data)
        promise.succeed(
            SingleRequest.Answer(
                status: Int(response.head.status.code), body: response.body.map { Array($0.readableBytesView) } ?? []))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        promise.fail(error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        promise.fail(BenchError("the server closed the connection without an answer"))
    }
}
