internal import NIOCore
internal import NIOHTTP1
internal import Tensors

/// One connection: sends a request when its worker says so and tells of the answer.
final class LoadConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private unowned let worker: LoadWorker
    private let head: HTTPRequestHead
    private let body: ByteBuffer
    private var context: ChannelHandlerContext?
    private var status = 0
    private var received = 0
    private var isKeptAlive = true
    /// The request that is under way, and when it went out.
    private(set) var ticket: Pacer.Ticket?
    private(set) var sentAt = MonotonicTime(nanoseconds: 0)

    init(worker: LoadWorker, head: HTTPRequestHead, body: ByteBuffer) {
        self.worker = worker
        self.head = head
        self.body = body
    }

    func send(_ ticket: Pacer.Ticket, at now: MonotonicTime) {
        guard let context else { return }
        self.ticket = ticket
        sentAt = now
        received = 0
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    /// Ends the connection; a request under way is lost for `reason`.
    func close(_ reason: String) {
        guard let context else { return }
        drop(context, reason: reason)
        context.close(promise: nil)
    }

    private func drop(_ context: ChannelHandlerContext, reason: String) {
        guard self.context != nil else { return }
        self.context = nil
        let lost = ticket
        ticket = nil
        worker.lost(self, ticket: lost, reason: reason)
    }

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        worker.opened(self)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            status = Int(head.status.code)
            isKeptAlive = head.isKeepAlive
        case .body(let bytes): received += bytes.readableBytes
        case .end:
            guard let ticket else { return }
            self.ticket = nil
            worker.answered(ticket, status: status, bytes: received)
            if isKeptAlive {
                worker.free(self)
            } else {
                close("closed")
            }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        drop(context, reason: "closed")
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        drop(context, reason: error is IOError ? "reset" : "malformed")
        context.close(promise: nil)
    }
}
