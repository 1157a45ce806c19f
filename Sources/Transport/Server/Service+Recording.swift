internal import Gateway
internal import NIOCore
internal import NIOHTTP1
internal import Telemetry
internal import Tensors

extension Service {
    /// Counts and logs an answered request.
    func record(_ exchange: HTTP1Exchange, response: HTTPResponse, summary: Answer.Summary) {
        let bytesOut = response.bodyByteCount
        metrics.requestBytes.increment(by: exchange.bytesIn)
        metrics.responseBytes.increment(by: bytesOut)
        if response.status == 401 { metrics.authFailures.increment() }
        if summary.route == nil, let code = response.errorCode { metrics.unroutedRequests.increment(code: code) }
        guard let accessLog else { return }
        accessLog.append(
            AccessRecord(
                unixMilliseconds: WallClock.millisecondsSince1970, requestID: exchange.id,
                method: exchange.method.rawValue, path: exchange.path, status: response.status,
                consumer: summary.consumer, route: summary.route, model: summary.model,
                isFallback: !summary.failedAttempts.isEmpty, bytesIn: exchange.bytesIn, bytesOut: bytesOut,
                nanoseconds: MonotonicTime.now.nanoseconds(since: exchange.receivedAt), code: response.errorCode,
                remote: exchange.remote))
    }

    /// Counts and logs a request whose client left before the answer; nginx's 499 for want of a standard one.
    func recordAbandoned(_ exchange: HTTP1Exchange) {
        let failure = SluiceError(.cancelled, "the client closed the connection before its answer")
        var response = HTTPResponse(failure: failure, requestID: exchange.id)
        response.body = []
        record(
            exchange, response: response, summary: exchange.inference?.summary ?? Answer.Summary(requestID: exchange.id)
        )
    }
}
