internal import Codecs
internal import Gateway
internal import NIOCore
internal import NIOHTTP1
internal import Telemetry
internal import Tensors

/// How a request ends, and a connection with its last one.
extension HTTP1Connection {
    /// Refuses the request under way; if its body is still to come, reads on for a while so that the client sees why.
    func refuse(_ error: SluiceError, context: ChannelHandlerContext) {
        guard let exchange, !exchange.progress.answered else { return }
        exchange.cancel(error)
        if exchange.expectsContinue && !exchange.progress.requestEnded { exchange.keepAlive = false }
        let summary = Answer.Summary(requestID: exchange.id)
        let known = exchange.summary
        (summary.route, summary.consumer, summary.model) = (known?.route, known?.consumer, known?.model)
        summary.batches = known?.batches
        write(failure: error, summary: summary)
    }

    /// Refuses what can't even be read as a request, and closes.
    func refuseUnreadable(_ error: SluiceError, context: ChannelHandlerContext) {
        guard !isClosing else { return }
        if exchange == nil {
            let head = RequestHead(
                method: .GET, uri: "-", version: .http1_1, isKeepAlive: false, headers: .read(RequestFields()))
            exchange = HTTP1Exchange(
                head: head, connection: self, service: port.service, receivedAt: .now, remote: remote)
            service.metrics.requestsInFlight.increment()
        }
        isUnreadable = true
        exchange?.keepAlive = false
        exchange?.progress.requestEnded = true
        if exchange?.progress.answered == true { return close(context) }
        refuse(error, context: context)
    }

    /// The client has taken the end of its answer.
    func responseWritten() {
        guard let context, let exchange else { return }
        if exchange.progress.requestEnded {
            finishExchange(context: context)
        } else if exchange.keepAlive {
            // The rest of the body is read and dropped, then the next request follows.
            clock.enter(.body, now: .coarse)
            if readIsHeld {
                readIsHeld = false
                context.read()
            }
        } else {
            closeGently(context: context)
        }
    }

    /// Both the request and its answer are through.
    func finishExchange(context: ChannelHandlerContext) {
        guard let exchange else { return }
        let service = exchange.service
        dropExchange()
        service.metrics.requestsInFlight.decrement()
        guard exchange.keepAlive && !service.isDraining && !isUnreadable else { return closeGently(context: context) }
        clock.enter(.idle, now: .coarse)
        goOn(context: context)
    }

    func dropExchange() {
        exchange?.part()
        exchange = nil
    }

    /// Goes on with what came in behind the last request.
    private func goOn(context: ChannelHandlerContext) {
        receive(context: context)
        guard !isReceiving, !isClosing else { return }
        if exchange == nil && reader.hasUnread { clock.receivedPartOfHead(now: .coarse) }
        if readIsHeld && exchange?.progress.requestEnded != true {
            readIsHeld = false
            context.read()
        }
    }

    func dropUnread() {
        heldAnswer = nil
        waitingParts?.removeAll()
        _ = reader.takeUnread()
    }

    /// Closes for writing first, and reads on for a moment: closing with unread bytes would reset the connection, and
    /// the client might lose the answer that it was sent (RFC 9112, section 9.6).
    private func closeGently(context: ChannelHandlerContext) {
        guard !isClosing else { return }
        isClosing = true
        dropUnread()
        bytesToDiscard = 4 << 20
        context.close(mode: .output, promise: nil)
        timer?.cancel()
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: .seconds(2)) { bound.value.context?.close(promise: nil) }
        context.read()
    }
}
