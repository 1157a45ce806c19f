internal import NIOHTTP1

/// A request's line and header fields, whoever parsed them.
struct RequestHead {
    enum Headers {
        /// Read by `LeanHeadParser`, which leaves everything doubtful to others.
        case read(RequestFields)
        /// As NIO's parser gives them, still to be looked at.
        case unread(HTTPHeaders)
    }

    var method: HTTPMethod
    var uri: String
    var version: HTTPVersion
    var isKeepAlive: Bool
    var headers: Headers
    /// The target without its query, which may hold what isn't for the log; cut where it is very long.
    var path: String
    /// What the very same head meant before.
    var meaning: HeadMeaning?

    init(method: HTTPMethod, uri: String, version: HTTPVersion, isKeepAlive: Bool, headers: Headers) {
        self.method = method
        self.uri = uri
        self.version = version
        self.isKeepAlive = isKeepAlive
        self.headers = headers
        self.path = String(decoding: uri.utf8.prefix { $0 != UInt8(ascii: "?") }.prefix(512), as: UTF8.self)
    }

    init(_ head: HTTPRequestHead) {
        self.init(
            method: head.method, uri: head.uri, version: head.version, isKeepAlive: head.isKeepAlive,
            headers: .unread(head.headers))
    }
}
