internal import Gateway
internal import NIOCore
internal import Policies
internal import Telemetry
internal import Tensors

extension Service {
    /// Counts and logs an answered request.
    ///
    /// - Parameter request: asked for only where there is a log.
    func record(
        _ request: @autoclosure () -> RequestRecord, bytesIn: Int, bytesOut: Int, status: Int = 200,
        code: String? = nil, summary: Answer.Summary
    ) {
        metrics.requestBytes.increment(by: bytesIn)
        metrics.responseBytes.increment(by: bytesOut)
        if status == 401 { metrics.authFailures.increment() }
        if summary.route == nil, let code { metrics.unroutedRequests.increment(code: code) }
        if let tally {
            tally.note(status: status, bytes: bytesIn)
            if let consumer = summary.consumer {
                gate.tallies?.consumers[consumer]?.note(status: status, bytes: bytesIn)
            }
        }
        guard let accessLog else { return }
        let request = request()
        var record = AccessRecord(
            unixMilliseconds: WallClock.millisecondsSince1970, requestID: masked(request.id),
            method: request.method, path: masked(request.path), status: status,
            consumer: summary.consumer, route: summary.route, model: summary.model,
            isFallback: !summary.failedAttempts.isEmpty, bytesIn: bytesIn, bytesOut: bytesOut,
            nanoseconds: MonotonicTime.now.nanoseconds(since: request.receivedAt), code: code,
            remote: request.remote)
        (record.rows, record.batches) = (summary.batches?.rows, summary.batches?.batches)
        accessLog.append(record)
    }

    /// What a client sent as it may be logged; escapes in it hide nothing.
    private func masked(_ text: String) -> String {
        guard let redaction = gate.logRedaction else { return text }
        let plain = PercentEncoding.decode(text) ?? text
        let masked = redaction.masked(plain)
        return masked == plain ? text : masked
    }

    /// Counts and logs a request whose client left before the answer; nginx's 499 for want of a standard one.
    func recordAbandoned(_ request: RequestRecord, summary: Answer.Summary?) {
        let code = SluiceError.Code.cancelled
        record(
            request, bytesIn: request.bytesIn, bytesOut: 0, status: code.httpStatus, code: code.text,
            summary: summary ?? Answer.Summary(requestID: request.id))
    }
}
