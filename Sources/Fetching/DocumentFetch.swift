package import Configuration
package import NIOCore
internal import NIOHTTP1
internal import NIOPosix
package import NIOSSL

/// Fetches one document by HTTP/1.1: one request, one answer, one connection.
///
/// It goes where it is told and nowhere else: a redirect is an answer like others. Size and time are bounded.
package struct DocumentFetch: Sendable {
    /// Why there is no document, for the log.
    package struct Failure: Error, CustomStringConvertible {
        package var description: String
        package var isTooLarge: Bool

        package init(description: String, isTooLarge: Bool = false) {
            self.description = description
            self.isTooLarge = isTooLarge
        }
    }

    /// What was answered.
    package struct Document: Sendable {
        package var status: Int
        /// `Content-Type` as it was sent.
        package var contentType: String?
        /// Where a redirect leads; as it was sent.
        package var location: String?
        /// Only of an answer with status 200.
        package var bytes: [UInt8] = []
    }

    package let address: HTTPAddress
    /// The very address to connect to; `nil` looks up the host of `address`.
    package let peer: SocketAddress?
    /// `nil` for plain HTTP.
    package let tls: NIOSSLContext?
    /// What is asked for, as `Accept` says it.
    package let accept: String
    /// Bytes of the document at most.
    package let limit: Int
    /// For all of it together.
    package let timeout: TimeAmount

    package init(
        _ address: HTTPAddress, peer: SocketAddress? = nil, tls: NIOSSLContext?, accept: String, limit: Int,
        timeout: TimeAmount
    ) {
        self.address = address
        self.peer = peer
        self.tls = tls
        self.accept = accept
        self.limit = limit
        self.timeout = timeout
    }

    /// - Parameter abandoned: ends the fetch when it fails.
    package func run(
        on eventLoop: any EventLoop, abandoned: EventLoopFuture<Void>? = nil
    ) -> EventLoopFuture<Document> {
        let promise = eventLoop.makePromise(of: Document.self)
        let timer = eventLoop.scheduleTask(in: timeout) { promise.fail(Failure(description: "no answer in time")) }
        promise.futureResult.whenComplete { _ in timer.cancel() }
        abandoned?.whenFailure { promise.fail($0) }
        let bootstrap = ClientBootstrap(group: eventLoop)
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
                    try pipeline.addHandler(FetchHandler(self, promise: promise))
                }
            }
        let connected =
            peer.map { bootstrap.connect(to: $0) } ?? bootstrap.connect(host: address.host, port: address.port)
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

    private let fetch: DocumentFetch
    private let promise: EventLoopPromise<DocumentFetch.Document>
    private var document = DocumentFetch.Document(status: 0)

    init(_ fetch: DocumentFetch, promise: EventLoopPromise<DocumentFetch.Document>) {
        self.fetch = fetch
        self.promise = promise
    }

    func channelActive(context: ChannelHandlerContext) {
        let address = fetch.address
        var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: address.target)
        let host = address.host.contains(":") ? "[\(address.host)]" : address.host
        let isStandard = address.port == (address.isSecure ? 443 : 80)
        head.headers.add(name: "host", value: isStandard ? host : "\(host):\(address.port)")
        head.headers.add(name: "accept", value: fetch.accept)
        head.headers.add(name: "user-agent", value: "sluice")
        head.headers.add(name: "connection", value: "close")
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            document.status = Int(head.status.code)
            document.contentType = head.headers.first(name: "content-type")
            document.location = head.headers.first(name: "location")
            // Nobody reads what other answers say.
            guard head.status == .ok else { return promise.succeed(document) }
            let announced = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
            if announced > fetch.limit { failTooLarge() }
        case .body(let piece):
            guard document.bytes.count + piece.readableBytes <= fetch.limit else { return failTooLarge() }
            document.bytes.append(contentsOf: piece.readableBytesView)
        case .end: promise.succeed(document)
        }
    }

    private func failTooLarge() {
        promise.fail(
            DocumentFetch.Failure(
                description: "the answer is larger than \(fetch.limit >> 10) KiB", isTooLarge: true))
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
