internal import Gateway
internal import NIOHTTP1
internal import Tensors

/// One request on an HTTP/1.1 connection and what is known of it so far.
struct HTTP1Exchange {
    /// How far the request has come in, and the answer gone out.
    struct Progress: Equatable {
        var requestEnded = false
        var answered = false
    }

    /// What holds for this request, whatever is reloaded meanwhile.
    let service: Service
    var id: String
    var method: HTTPMethod
    /// Without the query, which may hold what isn't for the log.
    var path: String
    var version: HTTPVersion
    var keepAlive: Bool
    var receivedAt: MonotonicTime
    var progress = Progress()
    var plan: RequestPlan?
    var inference: Inference?
    var body: ReceivedBody
    var bytesIn = 0
    /// A client that waits for "100 Continue" and gets something else may or may not send its body.
    var expectsContinue = false
    var isStreaming = false
    /// The client's address.
    var remote: String?

    init(head: RequestHead, service: Service, receivedAt: MonotonicTime, remote: String?) {
        self.service = service
        self.id = RequestID.make()
        self.method = head.method
        self.path = head.path
        self.version = head.version
        self.keepAlive = head.isKeepAlive
        self.receivedAt = receivedAt
        self.remote = remote
        self.body = ReceivedBody(expected: nil, limit: 0, budget: service.bodies)
    }

    /// The request as logs and metrics see it.
    var record: RequestRecord {
        RequestRecord(
            id: id, method: method.rawValue, path: path, bytesIn: bytesIn, receivedAt: receivedAt, remote: remote)
    }
}
