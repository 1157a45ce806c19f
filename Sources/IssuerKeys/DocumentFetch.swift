internal import Configuration
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL

/// Fetches one document by HTTP/1.1: one request, one answer, one connection.
///
/// It goes where the file says and nowhere else: redirects are failures. Size and time are bounded.
struct DocumentFetch: Sendable {
    /// Why there is no document, for the log.
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    let address: HTTPAddress
    /// `nil` for plain HTTP.
    let tls: NIOSSLContext?
    /// Bytes of the document at most.
    let limit: Int
    /// For all of it together.
    let timeout: TimeAmount

    func run(on eventLoop: any EventLoop) -> EventLoopFuture<[UInt8]> {
        let promise = eventLoop.makePromise(of: [UInt8].self)
        let timer = eventLoop.scheduleTask(in: timeout) { promise.fail(Failure(description: "no answer in time")) }
        promise.futureResult.whenComplete { _ in timer.cancel() }
        let connected = ClientBootstrap(group: eventLoop)
            .connectTimeout(timeout)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls {
                        let isAddress = NetworkAddress(address.host) != nil
                        try pipeline.addHandler(
                            NIOSSLClientHandler(context: tls, serverHostname: isAddress ? nil : address.host))
                    }
                    try pipeline.addHTTPClientHandlers()
                    try pipeline.addHandler(FetchHandler(address, limit: limit, promise: promise))
                }
            }
            .connect(host: address.host, port: address.port)
        connected.whenFailure { promise.fail(Failure(description: "no connection: \($0)")) }
        connected.whenSuccess { channel in
            // Whatever comes of it, the connection has served then.
            promise.futureResult.whenComplete { _ in channel.close(promise: nil) }
        }
        return promise.futureResult
    }
}

/// Sends the request and takes the answer.
private final class FetchHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let address: HTTPAddress
    private let limit: Int
    private let promise: EventLoopPromise<[UInt8]>
    private var bytes: [UInt8] = []

    init(_ address: HTTPAddress, limit: Int, promise: EventLoopPromise<[UInt8]>) {
        self.address = address
        self.limit = limit
        self.promise = promise
    }

    func channelActive(context: ChannelHandlerContext) {
        var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: address.target)
        let host = address.host.contains(":") ? "[\(address.host)]" : address.host
        let isStandard = address.port == (address.isSecure ? 443 : 80)
        head.headers.add(name: "host", value: isStandard ? host : "\(host):\(address.port)")
        head.headers.add(name: "accept", value: "application/json")
        head.headers.add(name: "user-agent", value: "sluice")
        head.headers.add(name: "connection", value: "close")
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            guard head.status == .ok else { return fail("the answer was \(head.status.code)") }
        case .body(let piece):
            guard bytes.count + piece.readableBytes <= limit else {
                return fail("the answer is larger than \(limit >> 10) KiB")
            }
            bytes.append(contentsOf: piece.readableBytesView)
        case .end: promise.succeed(bytes)
        }
    }

    private func fail(_ reason: String) {
        promise.fail(DocumentFetch.Failure(description: reason))
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail("the connection was closed before the answer")
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail("\(error)")
        context.close(promise: nil)
    }
}
