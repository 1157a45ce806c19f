internal import NIOHTTP1

/// A request's line and header fields, whoever parsed them.
final class RequestHead {
    enum Headers {
        /// Read by `LeanHeadParser`, which leaves everything doubtful to others.
        case read(RequestFields)
        /// As NIO's parser gives them, still to be looked at.
        case unread(HTTPHeaders)
    }

    let method: HTTPMethod
    let uri: String
    let version: HTTPVersion
    let isKeepAlive: Bool
    let headers: Headers
    /// The target without its query, which may hold what isn't for the log; cut where it is very long.
    let path: String
    /// What it means, once somebody has found out; a client that sends it again gets the very same object.
    var meaning: HeadMeaning?

    init(method: HTTPMethod, uri: String, version: HTTPVersion, isKeepAlive: Bool, headers: Headers) {
        self.method = method
        self.uri = uri
        self.version = version
        self.isKeepAlive = isKeepAlive
        self.headers = headers
        self.path = String(decoding: uri.utf8.prefix { $0 != UInt8(ascii: "?") }.prefix(512), as: UTF8.self)
    }

    convenience init(_ head: HTTPRequestHead) {
        self.init(
            method: head.method, uri: head.uri, version: head.version, isKeepAlive: head.isKeepAlive,
            headers: .unread(head.headers))
    }

    /// Bytes of the body that the head announces, as far as `LeanHeadParser` read it.
    var announcedBody: Int {
        if case .read(let fields) = headers { fields.contentLength ?? 0 } else { 0 }
    }
}
