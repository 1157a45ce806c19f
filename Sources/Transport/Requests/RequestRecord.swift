internal import Tensors

/// What the metrics and the access log say of a request, whichever protocol carried it.
struct RequestRecord {
    var id: String
    var method: String
    /// Without the query, which may hold what isn't for the log.
    var path: String
    var bytesIn: Int
    var receivedAt: MonotonicTime
    /// The client's address.
    var remote: String?
}
